import type { Config } from '#config/load.ts'
import type { User } from '#storage/users.ts'
import type { MailCause } from '#users/recovery.ts'
import type { Services } from './services.ts'

/** What follows a registration, on the page and by the JSON API alike: mail, and whether the person may go in. */
export interface Newcomers {
  /** A new person hears from us. */
  registered(user: Pick<User, 'id' | 'email'>, cause: MailCause): Promise<void>
  /** The owner of an address hears that somebody has tried to register it again. */
  registeredAgain(email: string, cause: MailCause): Promise<void>
  /** Whether the person must confirm their address before they may sign in. Who has none was let in without one. */
  needsVerification(user: Pick<User, 'email' | 'emailVerified'>): boolean
}

export function createNewcomers({ EMAIL_VERIFICATION }: Config, services: Services): Newcomers {
  const { mailLimits, notify, recovery } = services
  const tell = async (
    name: 'welcome' | 'registeredAgain',
    to: string,
    { locale, address }: MailCause,
  ): Promise<void> => {
    if (await mailLimits.maySend(to, address)) await notify(name, { to, locale })
  }
  return {
    async registered({ id, email }, cause) {
      if (email === undefined) return
      if (EMAIL_VERIFICATION === 'off') await tell('welcome', email, cause)
      else await recovery.requestVerification({ accountId: id }, cause)
    },
    registeredAgain: (email, cause) => tell('registeredAgain', email.trim(), cause),
    needsVerification: ({ email, emailVerified }) =>
      EMAIL_VERIFICATION === 'required' && email !== undefined && !emailVerified,
  }
}
