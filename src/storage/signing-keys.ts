/**
 * Signing keys. Each passes through `next` (published, not yet used), `current` (signs), `previous` (published, no
 * longer signs) and is then deleted.
 */
export type KeyState = 'next' | 'current' | 'previous'

export interface SigningKey {
  /** The `kid`. */
  id: string
  /** JWS algorithm (RFC 7518 §3.1). */
  alg: string
  state: KeyState
  /** The private JWK as JSON, sealed by the writer. */
  sealedJwk: string
  createdAt: number
  /** When it came into its present state. */
  stateSince: number
}

export interface SigningKeyStore {
  /** Every key, oldest first. */
  list(): Promise<SigningKey[]>

  /**
   * Replaces the whole set in one transaction, provided that the stored set still has exactly the ids and states of
   * `expected`; resolves to whether it had.
   */
  replaceAll(expected: readonly SigningKey[], keys: readonly SigningKey[]): Promise<boolean>
}
