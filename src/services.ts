import { createApiKeys, type ApiKeys } from '#api-keys/keys.ts'
import { secretsOf } from '#config/development-secret.ts'
import type { Config } from '#config/load.ts'
import { createOutbound } from '#http/outbound.ts'
import type { Clock } from '#lib/clock.ts'
import { createSealer, type Sealer } from '#lib/sealing.ts'
import { createMailer } from '#mail/mailer.ts'
import { createMailQueue, type MailQueue } from '#mail/queue.ts'
import { createKeys, type Keys } from '#oidc/keys.ts'
import { createSessions, type Sessions } from '#oidc/sessions.ts'
import type { Storage } from '#storage/storage.ts'
import type { User } from '#storage/users.ts'
import {
  createAllowedScopes,
  createPermittedScopes,
  type AllowedScopes,
  type PermittedScopes,
} from '#users/allowed-scopes.ts'
import { createAuthenticate, type Authenticate } from '#users/authenticate.ts'
import { createIsBreached, type IsBreached } from '#users/breached-passwords.ts'
import { createChangePassword, type ChangePassword } from '#users/change-password.ts'
import {
  createLoginLimits,
  createMailLimits,
  createRequestLimits,
  type MailLimits,
  type RequestLimits,
} from '#users/limits.ts'
import { createEndSignIns, type EndSignIns } from '#users/end-sign-ins.ts'
import { createMailCodes } from '#users/mail-codes.ts'
import { createPasswordPolicy, type PasswordPolicy } from '#users/password-policy.ts'
import { createPasswords, type Passwords } from '#users/passwords.ts'
import { createRecovery, type Recovery } from '#users/recovery.ts'
import { createRegister, type Register } from '#users/register.ts'
import { describeRemoved } from '#view/removed.ts'
import { chooseLocale } from '#view/translate.ts'
import { createStrongSignIn, type StrongSignIn } from './strong-sign-in.ts'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { federationOf, type Federation } from './federation-of.ts'
import { createMeasures, type Measures } from './measures.ts'
import { createNewcomers, recoveryForStrangers, type Newcomers } from './newcomers.ts'
import { notifyOf, type Notify } from './notify.ts'
import { createSelfService, type SelfService } from './self-service.ts'
import { createWechat, type Wechat } from './wechat.ts'

/** What the server can do, before anyone can ask for it by HTTP. Pages, JSON routes and commands call these same functions. */
export interface Services extends Measures, SelfService, StrongSignIn, Newcomers {
  secrets: readonly [string, ...string[]]
  sealer: Sealer
  now: Clock
  keys: Keys
  passwords: Passwords
  passwordPolicy: PasswordPolicy
  authenticate: Authenticate
  register: Register
  recovery: Recovery
  /** The same, where the answer must not tell who has an account. */
  recoveryForStrangers: Recovery
  changePassword: ChangePassword
  allowedScopes: AllowedScopes
  permittedScopes: PermittedScopes
  requestLimits: RequestLimits
  mailLimits: MailLimits
  sessions: Sessions
  endSignIns: EndSignIns
  apiKeys: ApiKeys
  mail: MailQueue
  wechat: Wechat
  federation: Federation
  notify: Notify
}

export interface ServicesParts {
  config: Config
  storage: Storage
  log: Logger
  now: Clock
}

const hour = 3_600_000
const mailPollMs = 5000

export function createServices(parts: ServicesParts): Services {
  const { config, storage, log, now } = parts
  const secrets = secretsOf(config)
  const { users } = storage
  const passwordPolicy = createPasswordPolicy({
    minLength: config.PASSWORD_MIN_LENGTH,
    minStrength: config.PASSWORD_MIN_STRENGTH,
    needsClasses: config.PASSWORD_NEEDS_CLASSES,
    isBreached: isBreachedOf(parts),
  })
  const sealer = createSealer(secrets, 'artifacts')
  const passwords = createPasswords({
    memoryKib: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_TIME_COST,
    parallelism: config.ARGON2_PARALLELISM,
    queueMax: config.PASSWORD_QUEUE_MAX,
  })
  const limits = createLoginLimits({
    limits: storage.limits,
    failures: config.LOGIN_MAX_FAILURES,
    lockMs: config.LOGIN_LOCK_MINUTES * 60_000,
    waitingMax: config.PASSWORD_QUEUE_MAX,
  })
  const mailLimits = createMailLimits({
    limits: storage.limits,
    perRecipient: config.MAILS_PER_HOUR,
    perAddress: config.MAILS_PER_ADDRESS_PER_HOUR,
  })
  const permittedScopes = createPermittedScopes(storage.roles)
  const codes = createMailCodes({ ...storage, secrets, now })
  const measures = createMeasures({ config, storage, passwords, log, now })
  const mail = mailOf(parts, secrets)
  const notify = notifyOf(config, mail)
  const strongSignIn = createStrongSignIn({
    config,
    storage,
    secrets,
    now,
    mail,
    notify,
    mailLimits,
  })
  const endSignIns = createEndSignIns({
    signIns: storage.signIns,
    async tellTakenOver({ email, locale = 'en' }, removed) {
      const language = chooseLocale([locale])
      const about = describeRemoved(removed, language)
      if (email !== undefined) await notify('takenOver', { to: email, locale, values: { about } })
    },
  })
  const federation = federationOf(parts, { secrets, endSignIns })
  const tellChanged = async ({ email, locale = 'en' }: User): Promise<void> => {
    if (email !== undefined) await notify('passwordChanged', { to: email, locale })
  }
  const recovery = createRecovery({
    ...storage,
    endSignIns,
    passwords,
    passwordPolicy,
    now,
    tellChanged,
    sendLink: (name, { to, token, code, locale }) =>
      notify(name, { to, locale, code, path: `${paths[name]}?token=${token}` }),
    codes,
    mailLimits,
  })

  return {
    secrets,
    sealer,
    now,
    keys: keysOf(config, storage, { secrets, now }),
    passwords,
    passwordPolicy,
    authenticate: createAuthenticate({ users, passwords, limits }),
    register: createRegister({ users, passwords, passwordPolicy }),
    recovery,
    recoveryForStrangers: recoveryForStrangers(recovery, mail),
    ...createNewcomers({ config, mail, mailLimits, notify, recovery }),
    changePassword: createChangePassword({ passwords, passwordPolicy, tellChanged }),
    permittedScopes,
    allowedScopes: createAllowedScopes({ ...storage, permittedScopes }),
    mailLimits,
    requestLimits: createRequestLimits({
      limits: storage.limits,
      perMinute: config.REQUESTS_PER_MINUTE,
      perHour: config.REQUESTS_PER_HOUR,
      now,
    }),
    sessions: createSessions({ ...storage, sealer }),
    apiKeys: createApiKeys(storage.apiKeys, now),
    ...measures,
    ...createSelfService({
      ...parts,
      ...measures,
      passwords,
      limits,
      mailLimits,
      codes,
      mail,
      notify,
    }),
    endSignIns,
    mail,
    wechat: createWechat(parts, {
      secrets,
      audit: measures.audit,
      signIn: federation.signInFederated,
    }),
    federation,
    notify,
    ...strongSignIn,
  }
}

const isBreachedOf = ({ config, log }: ServicesParts): IsBreached =>
  createIsBreached({
    check: config.BREACHED_PASSWORD_CHECK,
    url: config.BREACHED_PASSWORD_URL,
    fetch: createOutbound({ allowedHosts: config.FETCH_ALLOWED_HOSTS, timeoutMs: 2000 }).fetch,
    onError: (err) => log.warn({ err }, 'cannot ask the range service for breached passwords'),
  })

const paths = { resetPassword: '/reset-password', verifyEmail: '/verify-email' }

function mailOf(
  { config, storage, log, now }: ServicesParts,
  secrets: readonly string[],
): MailQueue {
  const send = createMailer({
    from: config.MAIL_FROM,
    smtpUrl: config.SMTP_URL,
    caFile: config.SMTP_CA_FILE,
    outbox: config.development ? join(config.DATA_DIR, 'outbox') : undefined,
  })
  return createMailQueue({
    store: storage.mailQueue,
    send,
    sealer: createSealer(secrets, 'mail'),
    now,
    pollMs: mailPollMs,
    onError: (error, { id }) => log.warn({ err: error, mail: id }, 'mail was not sent'),
  })
}

/** The signing keys of this server; the CLI uses them too. */
export function keysOf(
  config: Config,
  storage: Storage,
  { secrets, now }: { secrets: readonly string[]; now: Clock },
): Keys {
  return createKeys({
    store: storage.signingKeys,
    sealer: createSealer(secrets, 'signing-keys'),
    now,
    publishMs: (config.JWKS_MAX_AGE_SECONDS + config.KEY_POLL_SECONDS) * 1000,
    retireMs: Math.max(24 * hour, config.SESSION_EXPIRE_SECONDS * 1000),
  })
}
