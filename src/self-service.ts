import type { Config } from '#config/load.ts'
import type { Clock } from '#lib/clock.ts'
import type { MailQueue } from '#mail/queue.ts'
import { whenCommitted } from '#oidc/unit-of-work.ts'
import type { Storage } from '#storage/storage.ts'
import type { User } from '#storage/users.ts'
import {
  createChangeEmail,
  createTellChange,
  type ChangeEmail,
  type SendEmailMail,
  type TellChange,
} from '#users/change-email.ts'
import {
  createCompleteSignIn,
  type CompleteSignIn,
  type CompleteSignInParts,
} from '#users/complete-sign-in.ts'
import { createKnownDevices } from '#users/known-devices.ts'
import type { LoginLimits, MailLimits } from '#users/limits.ts'
import type { MailCodes } from '#users/mail-codes.ts'
import type { Passwords } from '#users/passwords.ts'
import { causeOf } from './newcomers.ts'
import type { Notify } from './notify.ts'
import type { Measures } from './measures.ts'

/** What people do about their own account, and what they are told about it. */
export interface SelfService {
  changeEmail: ChangeEmail
  /** Whether this is the person's password; tries are limited like those of the sign-in. */
  checkPassword(user: User, password: string, address: string): Promise<boolean>
  /** Tells the owner until when an account that is to be erased can be saved. */
  tellErasing(user: User, eraseAt: number): Promise<void>
  /** What follows a sign-in, whatever way it took. */
  completeSignIn: CompleteSignIn
}

export interface SelfServiceParts {
  config: Config
  storage: Storage
  passwords: Passwords
  limits: LoginLimits
  mailLimits: MailLimits
  codes: MailCodes
  mail: MailQueue
  notify: Notify
  audit: Measures['audit']
  now: Clock
}

export function createSelfService(parts: SelfServiceParts): SelfService {
  const { storage, notify, now } = parts
  return {
    changeEmail: changeEmailOf(parts),
    async checkPassword(user, password, address) {
      const fits = await parts.limits.judge({
        identifier: user.id,
        address,
        find: () => Promise.resolve(user),
        async look(_user, isOpen) {
          const stored = isOpen ? await storage.users.findPasswordHash(user.id) : undefined
          return (await parts.passwords.verify(stored, password)) || undefined
        },
      })
      return fits === true
    },
    async tellErasing({ email: to, locale = 'en' }, eraseAt) {
      if (to !== undefined)
        await notify('erasing', { to, locale, values: { at: eraseAt }, path: '/account' })
    },
    completeSignIn: createCompleteSignIn({
      users: storage.users,
      noteDevice: noteDeviceOf(parts, now),
      audit: (event, { address, agent, traceId }) =>
        whenCommitted(() => parts.audit.record({ ...event, address, agent, traceId })),
    }),
  }
}

function changeEmailOf({ storage, mail, notify, ...parts }: SelfServiceParts): ChangeEmail {
  const send: SendEmailMail = (name, { to, locale, code, about = '' }) =>
    notify(name, { to, locale, code, values: { about } })
  const tell = createTellChange({ ...storage, mailLimits: parts.mailLimits, send })
  const keep = mail.later('changeEmail', tell)
  const tellLater: TellChange = (change) => keep({ ...change, from: causeOf(change.from) })
  return createChangeEmail({ ...storage, codes: parts.codes, tellLater, send })
}

function noteDeviceOf(parts: SelfServiceParts, now: Clock): CompleteSignInParts['noteDevice'] {
  const { config, storage, notify } = parts
  const devices = createKnownDevices({ artifacts: storage.artifacts, now })
  return async ({ user, device, isQuiet = false, request }) => {
    if (!config.NOTIFY_NEW_DEVICE) return
    if (!(await devices.see(user, device)) || isQuiet) return
    const { address, agent, traceId } = request
    const { id, email: to, locale = request.locale ?? 'en' } = user
    const target = `user:${id}`
    parts.audit.record({ type: 'device.new', actor: id, target, address, agent, traceId })
    if (to !== undefined)
      await notify('newDevice', { to, locale, values: { agent, address, at: now() } })
  }
}
