import type { User, UserStore } from '#storage/users.ts'
import type { Passwords } from './passwords.ts'

export interface Credentials {
  /** E-mail or username. */
  identifier: string
  password: string
}

/**
 * Resolves to the user whose password this is; undefined when it is wrong or there is no such user, and the two cost
 * the same time. Counts the sign-in, and renews a hash that was made with other costs.
 */
export type Authenticate = (credentials: Credentials) => Promise<User | undefined>

export function createAuthenticate(users: UserStore, passwords: Passwords): Authenticate {
  return async ({ identifier, password }) => {
    const user = await users.findByIdentifier(identifier.trim())
    const stored = user && (await users.findPasswordHash(user.id))
    if (!(await passwords.verify(stored, password)) || !user || stored === undefined)
      return undefined
    if (passwords.isOutdated(stored)) {
      await users.replacePasswordHash(user.id, stored, await passwords.hash(password))
    }
    await users.recordLogin(user.id)
    return user
  }
}
