import { isActive } from '#storage/active.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { LoginLimits } from './limits.ts'
import type { Passwords } from './passwords.ts'

export interface Credentials {
  /** E-mail or username. */
  identifier: string
  password: string
  /** Where the try comes from. */
  address: string
}

/**
 * Resolves to the user whose password this is; undefined when it is wrong, there is no such user, the user is banned or
 * there were too many tries, and all of these cost the same time. Renews a hash that was made with other costs.
 */
export type Authenticate = (credentials: Credentials) => Promise<User | undefined>

export interface AuthenticateParts {
  users: UserStore
  passwords: Passwords
  limits: LoginLimits
}

export function createAuthenticate({ users, passwords, limits }: AuthenticateParts): Authenticate {
  return async ({ identifier, password, address }) => {
    const found = await limits.judge({
      identifier,
      address,
      find: () => users.findByIdentifier(identifier.trim()),
      async look(user, isOpen) {
        const stored = user && (await users.findPasswordHash(user.id))
        // A locked or banned account takes the same time, so that timing reveals nothing.
        const fits = await passwords.verify(isOpen && isActive(user) ? stored : undefined, password)
        return fits && user && stored !== undefined ? { user, stored } : undefined
      },
    })
    if (!found) return undefined

    const { user, stored } = found
    if (passwords.isOutdated(stored)) {
      await users.replacePasswordHash(user.id, stored, await passwords.hash(password))
    }
    return user
  }
}
