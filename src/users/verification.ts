import { AppError, unless } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { IdentityStore } from '#storage/identities.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { EndSignIns } from './end-sign-ins.ts'
import type { MailLimits } from './limits.ts'
import type { CodeHolder, MailCodes } from './mail-codes.ts'
import {
  invalidToken,
  type MailCause,
  type MailLink,
  type MailLinks,
  type SendLink,
} from './mail-links.ts'

/** The half of `recovery.ts` that confirms addresses, by a link or by a code. */
export interface Verification {
  /** Sends a link and a code to confirm the address, if there is such a person and it is not confirmed. Earlier ones are void. */
  requestVerification(who: Who, from: MailCause): Promise<void>
  /**
   * Confirms the address that the link or the code was sent to. `holders` are the accounts that the person has shown to be
   * signed in to, or to have registered just now; for everyone else it may be an account that a stranger has made, so every
   * sign-in ends and what was attached to it goes. Rejects when the proof is unknown, used or too old, or the address was
   * changed since: with `invalid_token`, or with `invalid_code`, which is also the answer to an unknown person and to too
   * many tries.
   */
  verifyEmail(proof: EmailProof, holders: readonly string[]): Promise<User>
  /** The account whose address the link would confirm; undefined when it would not. */
  whoseEmail(token: string): Promise<User | undefined>
  /**
   * For an owner of an address who has never made the account that the link is for: the address is removed from it,
   * and an account that has no other way to sign in is deleted. Rejects with `invalid_token` as above.
   */
  disownEmail(token: string): Promise<User>
}

/** One person: anyone who has the e-mail or the id, if anybody has. */
export type Who = { email: string } | { accountId: string }

/** The link of a mail, or the code beside it. */
export type EmailProof = { token: string } | (Who & { code: string })

export interface VerificationParts {
  users: UserStore
  artifacts: ArtifactStore
  identities: Pick<IdentityStore, 'listByUser'>
  endSignIns: EndSignIns
  sendLink: SendLink
  codes: MailCodes
  mailLimits: MailLimits
  now: Clock
}

const lifeMs = 24 * 60 * 60_000

export function createVerification(parts: VerificationParts, links: MailLinks): Verification {
  const { users, artifacts, codes, mailLimits, sendLink, endSignIns } = parts
  const findUser = (who: Who): Promise<User | undefined> =>
    'email' in who ? users.findByIdentifier(who.email.trim()) : users.findById(who.accountId)

  const spendCode = async ({ code, ...who }: Who & { code: string }): Promise<User> => {
    const user = await findUser(who)
    const holder = user?.email === undefined ? undefined : holderOf(user, user.email)
    if (!(await codes.spend('verify-email', holder, code)) || !user)
      throw new AppError('invalid_code')
    return user
  }
  const look = async (token: string): Promise<MailLink> => {
    const link = await links.look('EmailVerification', token)
    if (link.user.email !== link.email) throw invalidToken()
    return link
  }

  return {
    async requestVerification(who, { locale, address }) {
      const user = await findUser(who)
      if (user?.email === undefined || user.emailVerified) return
      if (!(await mailLimits.maySend(user.email, address))) return
      const token = await links.make('EmailVerification', user, lifeMs)
      const code = await codes.make('verify-email', holderOf(user, user.email))
      const language = user.locale ?? locale
      await sendLink('verifyEmail', { to: user.email, token, code, locale: language })
    },
    async verifyEmail(proof, holders) {
      const link = 'token' in proof ? await look(proof.token) : undefined
      const user = 'token' in proof ? link!.user : await spendCode(proof)
      if (!holders.includes(user.id) && !user.emailVerified) {
        const takeover = { email: user.email }
        if (!(await endSignIns(user, { spend: link, takeover }))) throw invalidToken()
        return { ...user, emailVerified: true }
      }
      if (link) await links.spend(link)
      await artifacts.removeByAccount(user.id, ['EmailVerification'])
      await codes.void('verify-email', user.id)
      return (await users.update(user.id, { emailVerified: true })) ?? user
    },
    whoseEmail: async (token) => (await look(token).catch(unless('invalid_token')))?.user,
    async disownEmail(token) {
      const link = await look(token)
      const { user } = link
      if (user.emailVerified) throw invalidToken()
      if (!(await endSignIns(user, { spend: link, apiKeys: true, disown: true })))
        throw invalidToken()
      await removeUnreachable(parts, user)
      return user
    },
  }
}

/** An account without its address may have no way to sign in left. The last administrator stays. */
async function removeUnreachable(
  { users, identities }: VerificationParts,
  { id, username }: User,
): Promise<void> {
  if (username !== undefined || (await identities.listByUser(id)).length > 0) return
  await users.remove(id).catch((error: unknown) => {
    if (!(error instanceof LastAdministrator)) throw error
  })
}

const holderOf = ({ id }: User, email: string): CodeHolder => ({ accountId: id, email })
