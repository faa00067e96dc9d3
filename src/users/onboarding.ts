import type { Config } from '#config/load.ts'
import type { Notify } from '#mail/notify.ts'
import type { MailQueue } from '#mail/queue.ts'
import type { User } from '#storage/users.ts'
import type { MailLimits } from './limits.ts'
import type { MailCause } from './mail-links.ts'
import type { Recovery } from './recovery.ts'

/** What follows a registration, on the page and by the JSON API alike: mail, and whether the person may go in. */
export interface Onboarding {
  /** A new person hears from us. */
  registered(user: Pick<User, 'id' | 'email'>, cause: MailCause): Promise<void>
  /** The owner of an address hears that someone has tried to register it again. */
  registeredAgain(email: string, cause: MailCause): Promise<void>
  /** Whether the person must confirm their address before they may sign in. Who has none was let in without one. */
  needsVerification(user: Pick<User, 'email' | 'emailVerified'>): boolean
}

export interface OnboardingParts {
  config: Config
  mail: Pick<MailQueue, 'later'>
  mailLimits: MailLimits
  notify: Notify
  recovery: Recovery
}

export function createOnboarding({ config, mail, ...parts }: OnboardingParts): Onboarding {
  const { mailLimits, notify, recovery } = parts
  const { EMAIL_VERIFICATION } = config
  const tell = async (
    name: 'welcome' | 'registeredAgain',
    to: string,
    { locale, address }: MailCause,
  ): Promise<void> => {
    if (await mailLimits.maySend(to, address)) await notify(name, { to, locale })
  }
  const greet = async (id: string, email: string, cause: MailCause): Promise<void> => {
    if (EMAIL_VERIFICATION === 'off') await tell('welcome', email, cause)
    else await recovery.requestVerification({ accountId: id }, cause)
  }
  const greetLater = mail.later('registered', greet)
  const warnLater = mail.later('registeredAgain', (email: string, cause: MailCause) =>
    tell('registeredAgain', email, cause),
  )
  return {
    async registered({ id, email }, cause) {
      if (email !== undefined) await greetLater(id, email, causeOf(cause))
    },
    registeredAgain: (email, cause) => warnLater(email.trim(), causeOf(cause)),
    needsVerification: ({ email, emailVerified }) =>
      EMAIL_VERIFICATION === 'required' && email !== undefined && !emailVerified,
  }
}

/** Recovery for callers who are not signed in: the work is queued and done after the answer, which is the same for every account. */
export function recoveryForStrangers(recovery: Recovery, mail: Pick<MailQueue, 'later'>): Recovery {
  const forgotPassword = mail.later('forgotPassword', recovery.forgotPassword)
  const requestVerification = mail.later('requestVerification', recovery.requestVerification)
  return {
    ...recovery,
    forgotPassword: (email, from) => forgotPassword(email, causeOf(from)),
    requestVerification: (who, from) => requestVerification(who, causeOf(from)),
  }
}

/** Without the rest of the request, which need not be kept. */
export const causeOf = ({ locale, address }: MailCause): MailCause => ({
  locale,
  ...(address !== undefined && { address }),
})
