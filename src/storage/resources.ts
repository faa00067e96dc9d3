/** Resources: the APIs that access tokens are for (RFC 8707). */
export interface ResourceScope {
  name: string
  /** What the scope lets an application do, as a sentence for people, by locale: `{ en: '…', 'zh-CN': '…' }`. */
  description: Record<string, string>
  /** Only for people whose roles permit it, and for clients whose registered `scope` lists it. */
  restricted?: boolean | undefined
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
  /** Claims of its access tokens that are taken from a person's metadata: `{ tier: 'public.tier' }`. */
  metadataClaims?: Record<string, string> | undefined
}

export interface ResourceStore {
  find(identifier: string): Promise<Resource | undefined>

  /** Writes the resource, replacing one with the same identifier. */
  put(resource: Resource): Promise<void>

  /** Deletes the resource; resolves to whether there was one. */
  remove(identifier: string): Promise<boolean>

  /** Every resource, by identifier. */
  list(): Promise<Resource[]>
}
