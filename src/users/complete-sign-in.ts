import type { AuditNote } from '#http/audit.ts'
import type { RequestFacts } from '#http/api.ts'
import type { User, UserStore } from '#storage/users.ts'
import { deviceName } from '#view/devices.ts'

/**
 * What follows when a person has passed everything that a sign-in asks of them, whatever way they came: a pending erasure
 * is cancelled, the owner hears of a new device, the sign-in is counted, and `login.succeeded` is in the audit log, once.
 */
export type CompleteSignIn = (signIn: CompletedSignIn, request: SignInRequest) => Promise<void>

export interface CompletedSignIn {
  /** As they were before this sign-in. */
  user: User
  /** How they showed who they are (RFC 8176). */
  amr: readonly string[]
  clientId?: string | undefined
  /** More for the audit log, such as the provider that vouched. */
  details?: Record<string, unknown> | undefined
  /** Tells the browser from others. A program keeps no cookie of ours: it is known by its name and its address. */
  device?: string | undefined
  /** Whether the owner need not hear of a new device. */
  isQuiet?: boolean | undefined
}

export type SignInRequest = Pick<RequestFacts, 'address' | 'agent' | 'traceId'> &
  Partial<Pick<RequestFacts, 'locale'>>

export interface CompleteSignInParts {
  users: Pick<UserStore, 'update' | 'recordLogin'>
  /** Notes the device of the sign-in, and tells the owner when it is a new one. */
  noteDevice(signIn: {
    user: User
    device: string
    isQuiet?: boolean | undefined
    request: SignInRequest
  }): Promise<void>
  audit(event: AuditNote, request: SignInRequest): void
}

export function createCompleteSignIn(parts: CompleteSignInParts): CompleteSignIn {
  const { users, noteDevice, audit } = parts
  return async ({ user, amr, clientId, details, isQuiet, ...signIn }, request) => {
    const { id } = user
    if (user.eraseAt !== undefined) await users.update(id, { eraseAt: undefined })
    await noteDevice({ user, device: signIn.device ?? programOf(request), isQuiet, request })
    await users.recordLogin(id)
    const about = { actor: id, target: `user:${id}`, clientId }
    audit({ type: 'login.succeeded', ...about, details: { amr, ...details } }, request)
  }
}

/** How a program that keeps no cookie is known again. */
const programOf = ({ agent, address }: SignInRequest): string =>
  `${JSON.stringify(deviceName(agent))} ${address}`
