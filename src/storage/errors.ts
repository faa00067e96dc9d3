/** A unique value is taken. `field` says which one, in the record's own spelling. */
export class AlreadyExists extends Error {
  readonly field: string
  constructor(field: string, options?: ErrorOptions) {
    super(`${field} is taken`, options)
    this.name = 'AlreadyExists'
    this.field = field
  }
}

/** The change would leave no one with the role `admin` who can sign in. */
export class LastAdministrator extends Error {
  constructor() {
    super('the last administrator must remain')
    this.name = 'LastAdministrator'
  }
}

/** The change would leave the user with no way to sign in. */
export class LastSignInMethod extends Error {
  constructor() {
    super('the last way to sign in must remain')
    this.name = 'LastSignInMethod'
  }
}

/** Every sign-in of the user has ended since the one that asks for this. */
export class SignInsEnded extends Error {
  constructor() {
    super('the sign-in has ended')
    this.name = 'SignInsEnded'
  }
}

/** A `cursor` that no page's `next` was. */
export class InvalidCursor extends Error {
  constructor() {
    super('the cursor is not one of ours')
    this.name = 'InvalidCursor'
  }
}

/**
 * Why a backend does not serve: no connection, no answer in time, too much to do (locks, connections), no space left, only
 * reads are allowed, or something else.
 */
export type OutageReason = 'unreachable' | 'timeout' | 'busy' | 'full' | 'read_only' | 'failed'

/** The database or Redis did not do it. `part` names which half, for the log and the readiness answer. */
export class StorageUnavailable extends Error {
  readonly part: 'database' | 'redis'
  readonly reason: OutageReason
  constructor(
    part: 'database' | 'redis',
    { reason = 'failed', ...options }: ErrorOptions & { reason?: OutageReason } = {},
  ) {
    super(`${part} does not serve: ${reason}`, options)
    this.name = 'StorageUnavailable'
    this.part = part
    this.reason = reason
  }
}
