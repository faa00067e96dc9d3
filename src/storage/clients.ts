/** Clients: the applications that may ask for tokens (RFC 6749 §2). */
export interface Client {
  /** The `client_id`. */
  id: string
  /** Client metadata as in RFC 7591 §2, plus ours; wire spelling, without `client_id` and `client_secret`. */
  metadata: Record<string, unknown>
  /** SHA-256 hashes of the secrets that are accepted now: one, or two during a rotation; none for a public client. */
  secretHashes: string[]
  createdAt: number
  updatedAt: number
}

export interface ClientStore {
  find(id: string): Promise<Client | undefined>

  /** Writes the client, replacing one with the same id; `createdAt` of an existing one stays. */
  put(client: Pick<Client, 'id' | 'metadata' | 'secretHashes'>): Promise<void>

  /** Writes the client unless one has this id. Resolves to whether it was written; exactly one of parallel calls wins. */
  putIfAbsent(client: Pick<Client, 'id' | 'metadata' | 'secretHashes'>): Promise<boolean>

  /** Newest first; `q` is part of an id or of the `client_name`, without regard to case. `next` is undefined on the last page. */
  list(page: {
    q?: string | undefined
    limit: number
    cursor?: string | undefined
  }): Promise<{ clients: Client[]; next: string | undefined }>

  /** Deletes the client; resolves to whether there was one. */
  remove(id: string): Promise<boolean>
}
