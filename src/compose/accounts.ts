import { createOutbound } from '#http/outbound.ts'
import type { User } from '#storage/users.ts'
import {
  createAllowedScopes,
  createPermittedScopes,
  type AllowedScopes,
  type PermittedScopes,
} from '#users/allowed-scopes.ts'
import { createAuthenticate, type Authenticate } from '#users/authenticate.ts'
import { createIsBreached, type IsBreached } from '#users/breached-passwords.ts'
import {
  createChangeEmail,
  createTellChange,
  type ChangeEmail,
  type SendEmailMail,
  type TellChange,
} from '#users/change-email.ts'
import { createChangePassword, type ChangePassword } from '#users/change-password.ts'
import { createCheckPassword, type CheckPassword } from '#users/check-password.ts'
import type { EndSignIns } from '#users/end-sign-ins.ts'
import { createMailCodes } from '#users/mail-codes.ts'
import {
  causeOf,
  createOnboarding,
  recoveryForStrangers,
  type Onboarding,
} from '#users/onboarding.ts'
import { createPasswordPolicy, type PasswordPolicy } from '#users/password-policy.ts'
import type { Passwords } from '#users/passwords.ts'
import { createRecovery, type Recovery, type RecoveryParts } from '#users/recovery.ts'
import { createRegister, type Register } from '#users/register.ts'
import type { Foundation } from './foundation.ts'
import type { Limits } from './limits.ts'
import type { Mail } from './mail.ts'

/** What people do with an account and its password, and what they may be granted. */
export interface Accounts {
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  authenticate: Authenticate
  checkPassword: CheckPassword
  changePassword: ChangePassword
  register: Register
  onboarding: Onboarding
  recovery: Recovery
  /** The same, where the answer must not tell who has an account. */
  recoveryForStrangers: Recovery
  changeEmail: ChangeEmail
  /** Tells the owner until when an account that is to be erased can be saved. */
  tellErasing(user: User, eraseAt: number): Promise<void>
  allowedScopes: AllowedScopes
  permittedScopes: PermittedScopes
}

export interface AccountsParts {
  passwords: Passwords
  limits: Limits
  mail: Mail
  endSignIns: EndSignIns
}

export function createAccounts(foundation: Foundation, parts: AccountsParts): Accounts {
  const { config, storage, secrets, now } = foundation
  const { users, roles, resources } = storage
  const { passwords, limits, mail, endSignIns } = parts
  const passwordPolicy = createPasswordPolicy({
    minLength: config.PASSWORD_MIN_LENGTH,
    minStrength: config.PASSWORD_MIN_STRENGTH,
    needsClasses: config.PASSWORD_NEEDS_CLASSES,
    isBreached: isBreachedOf(foundation),
  })
  const codes = createMailCodes({ ...storage, secrets, now })
  const tellChanged = async ({ email, locale = 'en' }: User): Promise<void> => {
    if (email !== undefined) await mail.notify('passwordChanged', { to: email, locale })
  }
  const recovery = createRecovery({
    ...storage,
    endSignIns,
    passwords,
    passwordPolicy,
    now,
    tellChanged,
    sendLink: sendLinkOf(mail),
    codes,
    mailLimits: limits.mail,
  })
  const permittedScopes = createPermittedScopes(roles)
  return {
    passwords,
    passwordPolicy,
    authenticate: createAuthenticate({ users, passwords, limits: limits.login }),
    checkPassword: createCheckPassword({ users, passwords, limits: limits.login }),
    changePassword: createChangePassword({ passwords, passwordPolicy, tellChanged }),
    register: createRegister({ users, passwords, passwordPolicy }),
    onboarding: createOnboarding({
      config,
      mail: mail.queue,
      mailLimits: limits.mail,
      notify: mail.notify,
      recovery,
    }),
    recovery,
    recoveryForStrangers: recoveryForStrangers(recovery, mail.queue),
    changeEmail: createChangeEmail({ ...storage, codes, ...changeOfEmail(foundation, parts) }),
    async tellErasing({ email: to, locale = 'en' }, eraseAt) {
      if (to !== undefined)
        await mail.notify('erasing', { to, locale, values: { at: eraseAt }, path: '/account' })
    },
    allowedScopes: createAllowedScopes({ users, resources, permittedScopes }),
    permittedScopes,
  }
}

const isBreachedOf = ({ config, log }: Foundation): IsBreached =>
  createIsBreached({
    check: config.BREACHED_PASSWORD_CHECK,
    url: config.BREACHED_PASSWORD_URL,
    fetch: createOutbound({ allowedHosts: config.FETCH_ALLOWED_HOSTS, timeoutMs: 2000 }).fetch,
    onError: (err) => log.warn({ err }, 'cannot ask the range service for breached passwords'),
  })

const paths = { resetPassword: '/reset-password', verifyEmail: '/verify-email' }

const sendLinkOf =
  ({ notify }: Mail): RecoveryParts['sendLink'] =>
  (name, { to, token, code, locale }) =>
    notify(name, { to, locale, code, path: `${paths[name]}?token=${token}` })

/** What the people concerned are told when an e-mail changes. */
function changeOfEmail(
  { storage: { users } }: Foundation,
  { mail, limits }: AccountsParts,
): { tellLater: TellChange; send: SendEmailMail } {
  const send: SendEmailMail = (name, { to, locale, code, about = '' }) =>
    mail.notify(name, { to, locale, code, values: { about } })
  const tell = createTellChange({ users, mailLimits: limits.mail, send })
  const keep = mail.queue.later('changeEmail', tell)
  return { send, tellLater: (change) => keep({ ...change, from: causeOf(change.from) }) }
}
