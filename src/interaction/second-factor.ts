import type { Provider } from 'oidc-provider'
import type { Factors } from '#factors/factors.ts'
import type { SecondFactor, SecondFactorMethod } from '#factors/second-factor.ts'
import { AppError } from '#lib/app-error.ts'
import { acrOf } from '#oidc/acr.ts'
import type { LoginResult } from '#oidc/completed-sign-in.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import { currentUnit } from '#oidc/unit-of-work.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { MessageKey } from '#view/translate.ts'
import type { Interaction, StepResult } from './interaction.ts'
import { jsonOf } from './steps.ts'

/**
 * The second factor of a sign-in, when the policy has found it to be due: a code, a recovery code or a passkey of the
 * person whose session this is; or, for anyone who must have one and has none, a new authenticator app.
 */
export interface SecondFactorStep {
  /** The person and what they can answer with; undefined when no one is signed in any more. */
  ask(interaction: Interaction): Promise<{ user: User; methods: SecondFactorMethod[] } | undefined>
  answer(
    interaction: Interaction,
    fields: Record<string, string>,
  ): Promise<{ result: StepResult } | Retry>
  /** Rejects with `session_expired` when the person has a factor meanwhile, or signed in too long ago. */
  enrol(interaction: Interaction, fields: Record<string, string>): Promise<EnrolledNow | Retry>
}

interface EnrolledNow {
  result: StepResult
  factorId: string
  recoveryCodes: string[]
}

/** The page again, and why. */
export interface Retry {
  problem: MessageKey
  status: 422 | 429
  method?: SecondFactorMethod | undefined
  /** Of an enrolment. */
  setup?: string | undefined
}

export interface SecondFactorStepParts {
  provider(): Provider
  users: UserStore
  secondFactor: SecondFactor
  factors: Factors
}

/** What a passkey's challenge is made for: this interaction and no one else. */
export const purposeOf = ({ uid, session }: Interaction): string =>
  `second:${uid}:${session?.accountId}`

export function createSecondFactorStep(parts: SecondFactorStepParts): SecondFactorStep {
  const { users, secondFactor, factors } = parts
  const ask: SecondFactorStep['ask'] = async ({ session }) => {
    const user = session && (await users.findById(session.accountId))
    if (!user) return undefined
    const signInEpoch = currentUnit()?.epochOf(user.id) ?? user.signInEpoch
    const methods = await secondFactor.methods(user.id)
    return { user: { ...user, signInEpoch }, methods }
  }
  return {
    ask,
    async answer(interaction, fields) {
      const method = methodOf(fields['method']) ?? 'totp'
      const { code = '' } = fields
      if (method !== 'passkey' && !code.trim())
        return { method, problem: required[method], status: 422 }
      const purpose = purposeOf(interaction)
      const given = { method, code, response: jsonOf(fields['response']), purpose }
      const verdict = await secondFactor.verify(interaction.session!.accountId, given)
      if (verdict.accepted) {
        const [oldest] = await factors.list(interaction.session!.accountId)
        const given = { added: verdict.amr, factorSince: oldest?.createdAt ?? 0 }
        return { result: await raised(parts, interaction, given) }
      }
      return verdict.reason === 'wait'
        ? { method, problem: 'errors.factor_waits', status: 429 }
        : { method, problem: wrong[method], status: 422 }
    },
    async enrol(interaction, { setup = '', code = '' }) {
      const asked = await ask(interaction)
      if (!asked || asked.methods.length > 0 || !(await isFresh(parts, interaction)))
        throw new AppError('session_expired')
      if (!code.trim()) return { setup, problem: 'errors.totp_required', status: 422 }
      const enrolled = await factors.confirmTotp(asked.user, { setup, code })
      if (enrolled === 'wrong') return { setup, problem: 'errors.totp_wrong', status: 422 }
      const result = await raised(parts, interaction, { added: ['otp'], factorSince: 0 })
      const { factor, recoveryCodes = [] } = enrolled
      return { result, factorId: factor.id, recoveryCodes }
    },
  }
}

/** The session on its new level. When the person signed in stays as it was: `max_age` counts from the first factor. */
async function raised(
  { provider }: SecondFactorStepParts,
  { session, prompt, lastSubmission }: Interaction,
  { added, factorSince }: { added: string[]; factorSince: number },
): Promise<StepResult> {
  const { accountId, amr: before = [], uid } = session!
  const stored = await provider().Session.findByUid(uid)
  if (stored?.accountId !== accountId) throw new AppError('session_expired')
  const amr = [...new Set([...before, ...added, 'mfa'])]
  const ts = stored.loginTs === undefined ? {} : { ts: stored.loginTs }
  const epoch = currentUnit()?.epochOf(accountId)
  const begun = lastSubmission?.login as LoginResult | undefined
  const { provider: via, isQuiet } = begun ?? {}
  const facts: LoginResult = { accountId, epoch, amr, provider: via, isQuiet }
  const login = { ...facts, acr: acrOf(amr), remember: true, ...ts }
  // A session that was complete without it: it is asked for by name, or the factor is younger than the session.
  const wasComplete =
    prompt.details['explicit'] === true || factorSince > (stored.loginTs ?? 0) * 1000
  const completes = begun !== undefined || !wasComplete
  return { login, second_factor: { completes } }
}

async function isFresh(
  { provider }: SecondFactorStepParts,
  { session }: Interaction,
): Promise<boolean> {
  const stored = await provider().Session.findByUid(session!.uid)
  // Twice the policy's span: the page may have stood open while the app was being installed.
  return stored !== undefined && !stored.past(2 * freshSeconds)
}

const wrong = {
  totp: 'errors.totp_wrong',
  recovery: 'errors.recovery_code_wrong',
  passkey: 'errors.passkey_wrong',
} as const
const required = {
  totp: 'errors.totp_required',
  recovery: 'errors.recovery_code_required',
} as const

export const methodOf = (text: unknown): SecondFactorMethod | undefined =>
  text === 'recovery' || text === 'passkey' || text === 'totp' ? text : undefined
