/** API keys: long-lived credentials that a user makes for programs of their own. */
export interface ApiKey {
  /** Public id, the first part of the key; 16 characters. */
  id: string
  userId: string
  name: string
  /** SHA-256 of the whole key. */
  hash: string
  scopes: string[]
  createdAt: number
  expiresAt?: number | undefined
  lastUsedAt?: number | undefined
}

export interface ApiKeyStore {
  /** Rejects with SignInsEnded, and writes nothing, when a given `epoch` is not the owner's sign-in epoch. */
  create(key: ApiKey, epoch?: number): Promise<void>

  /** The key, expired or not; undefined when there is none. */
  find(id: string): Promise<ApiKey | undefined>

  /** Newest first. */
  listByUser(userId: string): Promise<ApiKey[]>

  /** Every key, newest first; `cursor` is the `next` of the page before. */
  list(page: {
    limit: number
    cursor?: string | undefined
  }): Promise<{ keys: ApiKey[]; next: string | undefined }>

  /** Sets `lastUsedAt` to now unless it is younger than `quietMs`; a busy key is then written once in that time. */
  recordUse(id: string, quietMs: number): Promise<void>

  /** Deletes the key, of this user when one is given; resolves to whether there was one. */
  remove(id: string, userId?: string): Promise<boolean>
}
