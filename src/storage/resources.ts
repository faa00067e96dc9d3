/** Resources: the APIs that access tokens are for (RFC 8707). */
export interface ResourceScope {
  name: string
  /** What the scope lets an application do, as a sentence for people, by locale: `{ en: '…', 'zh-CN': '…' }`. */
  description: Record<string, string>
  /** Shown first and marked on the consent page. */
  sensitive?: boolean | undefined
}

export interface Resource {
  /** An absolute URI without fragment: the `resource` parameter and the `aud` of its tokens. Compared byte by byte. */
  identifier: string
  /** What people call it, by locale. */
  name: Record<string, string>
  scopes: ResourceScope[]
  /** Life of its access tokens in seconds; absent means the server's default. */
  accessTokenTtl?: number | undefined
}

export interface ResourceStore {
  find(identifier: string): Promise<Resource | undefined>

  /** Writes the resource, replacing one with the same identifier. */
  put(resource: Resource): Promise<void>

  /** Every resource, by identifier. */
  list(): Promise<Resource[]>
}
