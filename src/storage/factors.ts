/**
 * Factors: what a person can show beside a password (or instead of one): an authenticator app, passkeys, and recovery
 * codes for the day when neither is at hand.
 */
export interface Factor {
  /** UUIDv7. */
  id: string
  userId: string
  kind: FactorKind
  /**
   * What is unique over all people: a hash that the writer makes. A passkey's is of its credential id; an authenticator
   * app's is of its owner, who can have only one.
   */
  key: string
  /** The owner's word for it, up to 64 characters; may be empty. */
  name: string
  /** Text that the store does not look into: a sealed seed, or JSON about a public key. */
  data: string
  /** The time step of the last code, or a passkey's own count of its uses. */
  counter: number
  createdAt: number
  lastUsedAt?: number | undefined
}

export type FactorKind = 'totp' | 'passkey'

export type NewFactor = Omit<Factor, 'createdAt' | 'lastUsedAt'>

/**
 * Where an `epoch` is given, it must be the owner's sign-in epoch: else these reject with SignInsEnded, and nothing is
 * written.
 */
export interface FactorStore {
  /** Rejects with AlreadyExists('factor' | 'id') when its key or id is taken; then nothing is written. */
  add(factor: NewFactor, epoch?: number): Promise<Factor>

  /** Adds the factor in the place of the same person's with that key, if there is one. Rejects with AlreadyExists('id') when the id is taken; then nothing is changed. */
  replace(factor: NewFactor, epoch?: number): Promise<Factor>

  findByKey(key: string): Promise<Factor | undefined>

  /** Oldest first. */
  listByUser(userId: string): Promise<Factor[]>

  /** Whether the person has a factor; recovery codes alone are none. */
  anyOfUser(userId: string): Promise<boolean>

  /**
   * Sets the counter and the time of use, provided that the counter grows; resolves to whether it did. Of any number of
   * parallel calls with one number exactly one resolves to true. A passkey that does not count stays at 0: 0 on 0 is
   * accepted.
   */
  advance(id: string, counter: number): Promise<boolean>

  /** Resolves to whether the user has it. */
  rename(userId: string, id: string, name: string): Promise<boolean>

  /** Deletes the user's factor, and with the last one the recovery codes; resolves to what was deleted. */
  remove(userId: string, id: string): Promise<Factor | undefined>

  /** Puts these hashes in the place of all that the user has, used or not. */
  replaceRecoveryCodes(userId: string, hashes: readonly string[], epoch?: number): Promise<void>

  /** Spends the code. Of any number of parallel calls exactly one resolves to true; false: it is spent or never was. */
  useRecoveryCode(userId: string, hash: string): Promise<boolean>

  /** How many are left. */
  countRecoveryCodes(userId: string): Promise<number>
}
