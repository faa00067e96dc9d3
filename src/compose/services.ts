import { createApiKeys, type ApiKeys } from '#api-keys/keys.ts'
import { createSealer, type Sealer } from '#lib/sealing.ts'
import type { Keys } from '#oidc/keys.ts'
import { createTelemetry, type Telemetry } from '#telemetry/telemetry.ts'
import { createPasswords } from '#users/passwords.ts'
import type { MiniPrograms } from '#wechat/mini-programs.ts'
import { createAccounts, type Accounts } from './accounts.ts'
import { createStrongSignIn, type StrongSignIn } from './strong-sign-in.ts'
import { createFederation, type Federation } from './federation.ts'
import type { Foundation } from './foundation.ts'
import { keysOf } from './keys.ts'
import { createLimits, type Limits } from './limits.ts'
import { createMail, type Mail } from './mail.ts'
import { createSignIns, type SignIns } from './sign-ins.ts'
import { miniProgramsOf } from './mini-programs.ts'

/** What the server can do, by topic, before anyone can ask for it by HTTP. Pages, JSON routes and commands call the same functions. */
export interface Services {
  telemetry: Telemetry
  mail: Mail
  limits: Limits
  accounts: Accounts
  signIns: SignIns
  strongSignIn: StrongSignIn
  federation: Federation
  wechat: MiniPrograms
  apiKeys: ApiKeys
  /** The signing keys. */
  keys: Keys
  /** Seals what the engine keeps. */
  sealer: Sealer
}

export function createServices(foundation: Foundation): Services {
  const { config, storage, secrets, now } = foundation
  const passwords = createPasswords({
    memoryKib: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_TIME_COST,
    parallelism: config.ARGON2_PARALLELISM,
    queueMax: config.PASSWORD_QUEUE_MAX,
  })
  const telemetry = createTelemetry({ ...foundation, passwords })
  const mail = createMail(foundation)
  const limits = createLimits(foundation)
  const signIns = createSignIns(foundation, { audit: telemetry.audit, mail })
  const federation = createFederation(foundation, signIns.end)
  return {
    telemetry,
    mail,
    limits,
    accounts: createAccounts(foundation, { passwords, limits, mail, endSignIns: signIns.end }),
    signIns,
    strongSignIn: createStrongSignIn(foundation, { mail, mailLimits: limits.mail }),
    federation,
    wechat: miniProgramsOf(foundation, {
      audit: telemetry.audit,
      signIn: federation.signInFederated,
    }),
    apiKeys: createApiKeys(storage.apiKeys, now),
    keys: keysOf(foundation),
    sealer: createSealer(secrets, 'artifacts'),
  }
}
