/** Providers for sign-in that administrators have added; those of the environment and of the file are not here. */
export interface ProviderRecord {
  /** Lower-case letters, digits and hyphens: the name in `/oauth/:provider`. */
  id: string
  /** Everything that is not secret, as the administrator wrote it. */
  recipe: Record<string, unknown>
  /** The client secret, sealed. */
  sealedSecret: string
  createdAt: number
  updatedAt: number
}

export interface ProviderStore {
  find(id: string): Promise<ProviderRecord | undefined>

  /** Writes the provider, replacing one with the same id; the time of its making stays. */
  put(provider: Pick<ProviderRecord, 'id' | 'recipe' | 'sealedSecret'>): Promise<void>

  /** Deletes the provider; resolves to whether there was one. */
  remove(id: string): Promise<boolean>

  /** Every provider, by id. */
  list(): Promise<ProviderRecord[]>
}
