import { AppError, unless } from '#lib/app-error.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { User } from '#storage/users.ts'
import type { CodeHolder } from './mail-codes.ts'
import { invalidToken, type MailLink, type MailLinks } from './mail-links.ts'
import type { Recovery, RecoveryParts, Who } from './recovery.ts'

const lifeMs = 24 * 60 * 60_000

/** The half of `recovery.ts` that confirms addresses, by a link or by a code. */
export function createVerification(
  parts: RecoveryParts,
  links: MailLinks,
): Pick<Recovery, 'requestVerification' | 'verifyEmail' | 'whoseEmail' | 'disownEmail'> {
  const { users, artifacts, codes, mailLimits, sendLink, endSignIns } = parts
  const findUser = (who: Who): Promise<User | undefined> =>
    'email' in who ? users.findByIdentifier(who.email.trim()) : users.findById(who.accountId)

  const spendCode = async ({ code, ...who }: Who & { code: string }): Promise<User> => {
    const user = await findUser(who)
    const holder = user?.email === undefined ? undefined : holderOf(user, user.email)
    if (!(await codes.spend('verify-email', holder, code)) || !user)
      throw new AppError('invalid_code', 400)
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
  { users, identities }: RecoveryParts,
  { id, username }: User,
): Promise<void> {
  if (username !== undefined || (await identities.listByUser(id)).length > 0) return
  await users.remove(id).catch((error: unknown) => {
    if (!(error instanceof LastAdministrator)) throw error
  })
}

const holderOf = ({ id }: User, email: string): CodeHolder => ({ accountId: id, email })
