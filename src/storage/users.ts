/** Users: who people are. E-mail and username are unique without regard to case; either may be absent. */
export interface User {
  /** UUIDv7; the `sub` of every token. */
  id: string
  email?: string | undefined
  emailVerified: boolean
  username?: string | undefined
  nickname?: string | undefined
  /** BCP 47 tag; absent until the person chooses. */
  locale?: string | undefined
  /** Names of roles, sorted. */
  roles: string[]
  createdAt: number
  updatedAt: number
  lastLoginAt?: number | undefined
  loginCount: number
}

export interface NewUser {
  id: string
  email?: string | undefined
  emailVerified?: boolean | undefined
  username?: string | undefined
  nickname?: string | undefined
  locale?: string | undefined
  roles?: string[] | undefined
  /** A PHC string (argon2id); absent for a person who signs in without a password. */
  passwordHash?: string | undefined
}

export interface UserStore {
  /** Writes the user with its roles and password in one transaction. Rejects with AlreadyExists('email' | 'username'); then nothing is written. */
  create(user: NewUser): Promise<User>

  findById(id: string): Promise<User | undefined>

  /** The user whose e-mail or username this is, without regard to case. A username cannot contain `@`, so that one text never means two people. */
  findByIdentifier(identifier: string): Promise<User | undefined>

  /** The PHC string of the password; undefined when the user has none or does not exist. */
  findPasswordHash(userId: string): Promise<string | undefined>

  /** Replaces the password, provided that the stored one is still `expected`; resolves to whether it was. */
  replacePasswordHash(userId: string, expected: string, replacement: string): Promise<boolean>

  /** Counts a sign-in: sets `lastLoginAt` and adds one to `loginCount`. */
  recordLogin(userId: string): Promise<void>

  /** Whether at least one user has the role. */
  anyWithRole(role: string): Promise<boolean>
}
