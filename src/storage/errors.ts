/** A unique value is taken. `field` says which one, in the record's own spelling. */
export class AlreadyExists extends Error {
  readonly field: string
  constructor(field: string, options?: ErrorOptions) {
    super(`${field} is taken`, options)
    this.name = 'AlreadyExists'
    this.field = field
  }
}

/** The database or Redis did not answer. `part` names which half, for the log and the readiness answer. */
export class StorageUnavailable extends Error {
  readonly part: 'database' | 'redis'
  constructor(part: 'database' | 'redis', options?: ErrorOptions) {
    super(`${part} did not answer`, options)
    this.name = 'StorageUnavailable'
    this.part = part
  }
}
