/**
 * How sign-ins end. Every account has a sign-in epoch, a number that each end of all its sign-ins raises. What a sign-in
 * makes (sessions, grants, unfinished sign-ins) carries the epoch in which the person showed who they are, and is over
 * when the account's is another: also what a request writes that was on its way when the sign-ins ended, and what is in
 * Redis, where no transaction of the database reaches.
 */
export interface SignInStore {
  /**
   * Ends the sign-ins of the account, and makes the changes that belong to it, in one transaction. Resolves to what was
   * there, or to undefined when there is no such user, `spend` was spent before or `formerHash` is no longer the account's;
   * then nothing has happened.
   */
  end(userId: string, how?: EndOfSignIns): Promise<EndedSignIns | undefined>
}

export interface EndOfSignIns {
  /** What stays, with everything that outlives sign-ins: the links in mails, the known and the remembered devices. */
  keep?: KeptSignIns | undefined
  /** Whether the account's API keys go too. */
  apiKeys?: boolean | undefined
  /** The link in a mail that this is done with. */
  spend?: { model: 'PasswordReset' | 'EmailVerification'; key: string } | undefined
  /** The hash of the new password. */
  passwordHash?: string | undefined
  /** The hash that `passwordHash` replaces. If the account has another one by now, nothing happens. */
  formerHash?: string | undefined
  /**
   * For an account whose address was never confirmed, so that anyone may have made it: what was attached to it goes
   * (`TakenAway`). Nothing happens where the address is confirmed, or is not `email`.
   */
  takeover?: Takeover | undefined
  /** Whether the address is removed from the account: its owner says that they never made it. */
  disown?: boolean | undefined
}

export interface Takeover {
  /** The address that the person has shown to be theirs; it becomes confirmed. Absent when it is not shown. */
  email?: string | undefined
  /** Whether the password goes too, for an owner who comes another way and sets none. */
  password?: boolean | undefined
}

export interface KeptSignIns {
  sessionUid?: string | undefined
  grantIds: readonly string[]
}

export interface EndedSignIns {
  /** The account's epoch from now on. */
  epoch: number
  /** Absent unless the account was taken over. */
  takenAway?: TakenAway | undefined
}

/** What was attached to an account under an address that was not confirmed. */
export interface TakenAway {
  apiKeys: number
  /** Names of the providers. */
  identities: string[]
  factors: number
  password: boolean
}
