import {
  createLoginLimits,
  createMailLimits,
  createRequestLimits,
  type LoginLimits,
  type MailLimits,
  type RequestLimits,
} from '#users/limits.ts'
import type { Foundation } from './foundation.ts'

/** How often one may try: wrong passwords, mails, requests. */
export interface Limits {
  login: LoginLimits
  mail: MailLimits
  requests: RequestLimits
}

export const createLimits = ({ config, storage: { limits }, now }: Foundation): Limits => ({
  login: createLoginLimits({
    limits,
    failures: config.LOGIN_MAX_FAILURES,
    lockMs: config.LOGIN_LOCK_MINUTES * 60_000,
    waitingMax: config.PASSWORD_QUEUE_MAX,
  }),
  mail: createMailLimits({
    limits,
    perRecipient: config.MAILS_PER_HOUR,
    perAddress: config.MAILS_PER_ADDRESS_PER_HOUR,
  }),
  requests: createRequestLimits({
    limits,
    perMinute: config.REQUESTS_PER_MINUTE,
    perHour: config.REQUESTS_PER_HOUR,
    now,
  }),
})
