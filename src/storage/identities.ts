import type { NewUser } from './users.ts'

/** Identities: what other providers call a person. One person may have many, each belongs to one person. */
export interface Identity extends IdentityKey {
  /** UUIDv7. */
  id: string
  userId: string
  /** The same for all apps of one operator at this provider (WeChat's `unionid`); absent until the provider tells it. */
  unionId?: string | undefined
  /** What the provider said of the person when they last came. */
  profile: IdentityProfile
  createdAt: number
  lastUsedAt: number
}

/** The three together are unique, byte by byte; each has at most 255 characters. */
export interface IdentityKey {
  /** The vendor's word (`google`, `wechat`), or the issuer of a provider that has none. */
  provider: string
  /** Our client id there: what the subject is relative to, where the provider gives each app another. */
  appId: string
  /** The provider's `sub`, `openid` or user id. */
  subject: string
}

export interface IdentityProfile {
  email?: string | undefined
  emailVerified?: boolean | undefined
  nickname?: string | undefined
  avatarUrl?: string | undefined
}

/** Someone whom a provider has just vouched for. */
export type SeenIdentity = IdentityKey & Pick<Identity, 'unionId' | 'profile'>

export interface IdentityStore {
  /**
   * The user whose identity this is: of those that have it or its union, or else `newUser`, who is then written with it.
   * The profile, the union and the time of use are brought up to date. Of many such calls at once one makes the user.
   * A union that someone else has stays theirs. Rejects with AlreadyExists('email' | 'username') when `newUser` cannot be
   * written; then nothing is.
   */
  claim(seen: SeenIdentity, newUser: NewUser): Promise<{ userId: string; isNew: boolean }>

  /** The identity, or one of the same union with its own key; undefined when no one has either. Changes nothing. */
  find(seen: IdentityKey & { unionId?: string | undefined }): Promise<Identity | undefined>

  /**
   * Gives the identity to the user, and brings it up to date when they have it already. Rejects with
   * AlreadyExists('identity') when it, or its union, belongs to another user, and with SignInsEnded when a given `epoch` is not
   * the user's sign-in epoch; then nothing is changed.
   */
  link(userId: string, seen: SeenIdentity, epoch?: number): Promise<Identity>

  /** Brings an identity of the user up to date; resolves to whether it, or its union, is theirs. */
  refresh(userId: string, seen: SeenIdentity): Promise<boolean>

  /** Oldest first. */
  listByUser(userId: string): Promise<Identity[]>

  /**
   * Takes the identity from the user; resolves to whether they had it. Rejects with LastSignInMethod when they would have
   * no password and no other identity, also when several are taken at once; then nothing is changed.
   */
  unlink(userId: string, id: string): Promise<boolean>
}
