import { AppError } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'
import type { CodeHolder } from './mail-codes.ts'
import type { MailLinks } from './mail-links.ts'
import type { Recovery, RecoveryParts, Who } from './recovery.ts'

const lifeMs = 24 * 60 * 60_000

/** The half of `recovery.ts` that confirms addresses, by a link or by a code. */
export function createVerification(
  { users, artifacts, codes, mailLimits, sendLink }: RecoveryParts,
  links: MailLinks,
): Pick<Recovery, 'requestVerification' | 'verifyEmail'> {
  const findUser = (who: Who): Promise<User | undefined> =>
    'email' in who ? users.findByIdentifier(who.email.trim()) : users.findById(who.accountId)

  const spendCode = async ({ code, ...who }: Who & { code: string }): Promise<User> => {
    const user = await findUser(who)
    const holder = user?.email === undefined ? undefined : holderOf(user, user.email)
    if (!(await codes.spend('verify-email', holder, code)) || !user)
      throw new AppError('invalid_code', 400)
    return user
  }
  const spendLink = async (token: string): Promise<User> => {
    const { user, email } = await links.spend('EmailVerification', token)
    if (user.email !== email) throw new AppError('invalid_token', 400)
    return user
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
    async verifyEmail(proof) {
      const user = await ('token' in proof ? spendLink(proof.token) : spendCode(proof))
      await artifacts.removeByAccount(user.id, ['EmailVerification'])
      await codes.void('verify-email', user.id)
      return (await users.update(user.id, { emailVerified: true })) ?? user
    },
  }
}

const holderOf = ({ id }: User, email: string): CodeHolder => ({ accountId: id, email })
