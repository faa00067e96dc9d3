import type { Config } from '#config/load.ts'
import { createAttempt, type Attempt } from '#factors/attempts.ts'
import { createChallenges } from '#factors/challenges.ts'
import { createFactors, type Factors } from '#factors/factors.ts'
import { createMailSignIn, type MailSignIn, type SignInMail } from '#factors/mail-sign-in.ts'
import { createMfaTokens, type MfaTokens } from '#factors/mfa-tokens.ts'
import { createPasskeys, type Passkeys } from '#factors/passkeys.ts'
import { createRecoveryCodes } from '#factors/recovery-codes.ts'
import { createRememberedDevices, type RememberedDevices } from '#factors/remembered-devices.ts'
import { createSecondFactor, type SecondFactor } from '#factors/second-factor.ts'
import { createSecondStep, type SecondStep } from '#factors/second-step.ts'
import { createTotp } from '#factors/totp.ts'
import { sha256 } from '#lib/hashing.ts'
import { createSealer } from '#lib/sealing.ts'
import { levelOf } from '#oidc/acr.ts'
import type { SecondFactorPolicy } from '#oidc/second-factor-policy.ts'
import { createAdmit, type Admit } from '#users/admit.ts'
import type { MailLimits } from '#users/limits.ts'
import { translate } from '#view/translate.ts'
import type { Foundation } from './foundation.ts'
import type { Mail } from './mail.ts'

/** Everything beyond the password, joined: what people have, what a sign-in asks, and who must have it. */
export interface StrongSignIn {
  factors: Factors
  secondFactor: SecondFactor
  secondStep: SecondStep
  mfaTokens: MfaTokens
  passkeys: Passkeys
  mailSignIn: MailSignIn
  rememberedDevices: RememberedDevices
  attempt: Attempt
  admit: Admit
}

export interface StrongSignInParts {
  mail: Mail
  mailLimits: MailLimits
}

export function createStrongSignIn(foundation: Foundation, parts: StrongSignInParts): StrongSignIn {
  const { config, storage, secrets, now } = foundation
  const { artifacts, factors: store } = storage
  const attempt = createAttempt(storage.limits)
  const sealer = (purpose: string) => createSealer(secrets, purpose)
  const challenges = createChallenges({ secrets, artifacts, now })
  const totp = createTotp({
    store,
    attempt,
    sealer: sealer('totp'),
    setupSealer: sealer('totp-setup'),
    issuer: config.BRAND_NAME,
    now,
  })
  const recoveryCodes = createRecoveryCodes({ store, attempt })
  const passkeys = createPasskeys({
    store,
    users: storage.users,
    challenges,
    issuer: config.ISSUER,
    origins: config.PASSKEY_ORIGINS,
    brand: config.BRAND_NAME,
  })
  const rememberedDevices = createRememberedDevices({
    artifacts,
    sealer: sealer('remembered-devices'),
    now,
  })
  const secondFactor = createSecondFactor({
    store,
    verifyTotp: totp.verify,
    verifyRecoveryCode: recoveryCodes.verify,
    verifyPasskey: passkeys.verify,
  })
  const mfaTokens = createMfaTokens(artifacts, now)
  const tell = tellOf(parts.mail)
  return {
    factors: createFactors({ store, totp, passkeys, recoveryCodes, rememberedDevices, tell }),
    secondFactor,
    secondStep: createSecondStep({ secondFactor, mfaTokens, isRequired: isRequiredOf(foundation) }),
    mfaTokens,
    passkeys,
    mailSignIn: mailSignInOf(foundation, parts),
    rememberedDevices,
    attempt,
    admit: createAdmit(storage.users),
  }
}

const mailSignInOf = (
  { config, storage, secrets, now }: Foundation,
  { mail, mailLimits }: StrongSignInParts,
): MailSignIn =>
  createMailSignIn({
    ...storage,
    secrets,
    now,
    maySend: (to) => mailLimits.maySend(to),
    sendLater: mail.queue.later(
      'signIn',
      async ({ userId = '', code, token, binding, locale }: SignInMail) => {
        const user = await storage.users.findById(userId)
        if (user?.email === undefined) return
        const { SIGN_IN_WITH_EMAIL: mode } = config
        const name = mode === 'code' ? 'signInCode' : mode === 'link' ? 'signInLink' : 'signInBoth'
        const path = `/interaction/${binding}/mail?token=${token}`
        await mail.notify(name, { to: user.email, locale: user.locale ?? locale, path, code })
      },
    ),
  })

const tellOf = ({ notify }: Mail): Parameters<typeof createFactors>[0]['tell'] => {
  return async ({ email, locale = 'en' }, what, kind) => {
    const language = locale === 'zh-CN' ? locale : 'en'
    const values = { factor: translate(language, `factors.${kind}`) }
    if (email !== undefined) await notify(what, { to: email, locale, values })
  }
}

const isRequiredForRoles = (config: Config, roles: readonly string[]): boolean =>
  roles.some((role) => config.SECOND_FACTOR_FOR_ROLES.includes(role))

const isRequiredOf =
  ({ config, storage }: Foundation): Parameters<typeof createSecondStep>[0]['isRequired'] =>
  async (roles, clientId) => {
    if (isRequiredForRoles(config, roles)) return true
    const client = clientId === undefined ? undefined : await storage.clients.find(clientId)
    return levelOf(client?.metadata['require_acr']) > 1
  }

/** What the engine's policy asks. */
export const secondFactorPolicyOf = (
  { config, storage }: Pick<Foundation, 'config' | 'storage'>,
  { rememberedDevices }: Pick<StrongSignIn, 'rememberedDevices'>,
): SecondFactorPolicy => ({
  has: (accountId) => storage.factors.anyOfUser(accountId),
  isRequiredFor: (roles) => isRequiredForRoles(config, roles),
  isRemembered: rememberedDevices.isRemembered,
  cookieName: deviceCookieOf(config),
})

/** One cookie a person, so that several can share a browser. */
export const deviceCookieOf =
  ({ ISSUER }: Config) =>
  (accountId: string): string =>
    `${ISSUER.startsWith('https:') ? '__Host-' : ''}yumen_device_${sha256(accountId).slice(0, 12)}`
