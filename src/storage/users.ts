/** Users: who people are. E-mail and username are unique without regard to case; either may be absent. */
export interface User {
  /** UUIDv7; the `sub` of every token. */
  id: string
  email?: string | undefined
  emailVerified: boolean
  username?: string | undefined
  nickname?: string | undefined
  /** https address of a picture. */
  avatarUrl?: string | undefined
  /** E.164, such as `+8613800000000`. */
  phone?: string | undefined
  /** BCP 47 tag; absent until the person chooses. */
  locale?: string | undefined
  /** Names of roles, sorted. */
  roles: string[]
  metadata: UserMetadata
  /** Since when the user may not sign in; absent for an active one. */
  bannedAt?: number | undefined
  /** When the account is to be erased; absent unless its owner has asked for it. */
  eraseAt?: number | undefined
  createdAt: number
  updatedAt: number
  lastLoginAt?: number | undefined
  loginCount: number
  /** Raised whenever every sign-in of the user ends; what belongs to an earlier one is over. See `sign-ins.ts`. */
  signInEpoch: number
}

/** What applications keep about a user: `public` is the user's own to write, `private` the administrators'. */
export interface UserMetadata {
  public: Record<string, unknown>
  private: Record<string, unknown>
}

export interface NewUser {
  id: string
  email?: string | undefined
  emailVerified?: boolean | undefined
  username?: string | undefined
  nickname?: string | undefined
  avatarUrl?: string | undefined
  phone?: string | undefined
  locale?: string | undefined
  roles?: string[] | undefined
  metadata?: UserMetadata | undefined
  bannedAt?: number | undefined
  /** Absent: now. */
  createdAt?: number | undefined
  /** A PHC string (argon2id, or an imported scheme); absent for a person who signs in without a password. */
  passwordHash?: string | undefined
}

/** What `update` changes; a field that is there with the value undefined is emptied. */
export type UserChange = Partial<
  Pick<
    User,
    | 'email'
    | 'emailVerified'
    | 'username'
    | 'nickname'
    | 'avatarUrl'
    | 'phone'
    | 'locale'
    | 'roles'
    | 'bannedAt'
    | 'eraseAt'
  >
> & {
  /** A half that is left out stays, so that the user and an administrator may write theirs at the same moment. */
  metadata?: Partial<UserMetadata>
  /** Merged into what is there (RFC 7396), so that changes of different members at the same moment all count. */
  metadataPatch?: Partial<UserMetadata> | undefined
}

export interface UserFilter {
  /** Part of an e-mail, username, nickname, or a whole id; without regard to case. */
  q?: string | undefined
  role?: string | undefined
  status?: 'active' | 'banned' | undefined
  /** At most this many. */
  limit: number
  /** Where the page before ended: the `next` of its answer. Any other text rejects with InvalidCursor. */
  cursor?: string | undefined
}

export interface UserPage {
  /** Newest first. */
  users: User[]
  /** Undefined on the last page. */
  next: string | undefined
}

/** The role that must never be without someone who can sign in. */
export const administratorRole = 'admin'

export interface UserStore {
  /** Writes the user with its roles and password in one transaction. Rejects with AlreadyExists('email' | 'username'); then nothing is written. */
  create(user: NewUser): Promise<User>

  /**
   * Writes many users as `create` does, each whole or not at all. Resolves, in their order, to undefined for each that
   * was written and to the field that was taken for each that was not (among themselves, the first one wins).
   */
  createMany(users: readonly NewUser[]): Promise<(string | undefined)[]>

  findById(id: string): Promise<User | undefined>

  /** The user's sign-in epoch alone; undefined when there is no such user. */
  findSignInEpoch(id: string): Promise<number | undefined>

  /** The user whose e-mail or username this is, without regard to case. A username cannot contain `@`, so that one text never means two people. */
  findByIdentifier(identifier: string): Promise<User | undefined>

  list(filter: UserFilter): Promise<UserPage>

  /**
   * Changes the user in one transaction and sets `updatedAt`. Resolves to the user as it is now, undefined when there is
   * none. Rejects with AlreadyExists('email' | 'username'), or with LastAdministrator when no one with the role `admin`
   * who is not banned and not to be erased would be left, also when several such changes come at once; then nothing is changed.
   */
  update(id: string, change: UserChange): Promise<User | undefined>

  /** Deletes the user and all that hangs on it; resolves to whether there was one. Rejects with LastAdministrator as `update` does. */
  remove(id: string): Promise<boolean>

  /** Ids of users whose `eraseAt` has come, at most `limit`. */
  findDueForErase(limit: number): Promise<string[]>

  /** The PHC string of the password; undefined when the user has none or does not exist. */
  findPasswordHash(userId: string): Promise<string | undefined>

  /** Replaces the password, provided that the stored one is still `expected`; resolves to whether it was. */
  replacePasswordHash(userId: string, expected: string, replacement: string): Promise<boolean>

  /** Sets the password, whatever it was, or takes it away. */
  setPasswordHash(userId: string, hash: string | undefined): Promise<void>

  /** Counts a sign-in: sets `lastLoginAt` and adds one to `loginCount`. */
  recordLogin(userId: string): Promise<void>

  /** Whether at least one user has the role. */
  anyWithRole(role: string): Promise<boolean>
}
