import { comparable } from '#storage/sql/comparable.ts'
import type { NewUser, UserStore } from '#storage/users.ts'
import { legacyIdOf } from './row.ts'

/** Where imported people go: the storage, or nowhere but as if. */
export interface Target {
  /** As `createMany` of the storage. */
  write(users: readonly NewUser[]): Promise<(string | undefined)[]>
  /** Who has the value that was taken. */
  holderOf(user: NewUser, field: string): Promise<Holder | undefined>
}

interface Holder {
  legacyId: unknown
  passwordHash(): Promise<string | undefined>
}

type Users = Pick<UserStore, 'createMany' | 'findByIdentifier' | 'findPasswordHash'>

export function storageTarget(users: Users): Target {
  return {
    write: (rows) => users.createMany(rows),
    async holderOf(user, field) {
      const value = valueOf(user, field)
      const holder = value === undefined ? undefined : await users.findByIdentifier(value)
      return (
        holder && {
          legacyId: legacyIdOf(holder),
          passwordHash: () => users.findPasswordHash(holder.id),
        }
      )
    },
  }
}

/** Answers as the storage would and writes nothing; remembers what the file has had so far. */
export function dryTarget(users: Users): Target {
  const stored = storageTarget(users)
  const seen = new Map<string, Holder>()
  const seenOf = (user: NewUser, field: string): Holder | undefined => {
    const value = valueOf(user, field)
    return value === undefined ? undefined : seen.get(comparable(value))
  }
  const takenFieldOf = async (user: NewUser): Promise<string | undefined> => {
    for (const field of ['email', 'username'])
      if (seenOf(user, field) ?? (await stored.holderOf(user, field))) return field
    return undefined
  }
  return {
    async write(rows) {
      const taken: (string | undefined)[] = []
      for (const user of rows) {
        const field = await takenFieldOf(user)
        taken.push(field)
        if (field !== undefined) continue
        const { passwordHash } = user
        const holder = { legacyId: legacyIdOf(user), passwordHash: async () => passwordHash }
        // A username has no @, so the two kinds of key never meet.
        for (const value of [user.email, user.username])
          if (value !== undefined) seen.set(comparable(value), holder)
      }
      return taken
    },
    holderOf: async (user, field) => seenOf(user, field) ?? stored.holderOf(user, field),
  }
}

const valueOf = (user: NewUser, field: string): string | undefined =>
  field === 'email' ? user.email : field === 'username' ? user.username : undefined

/**
 * Whether anyone who has the taken value is this very person, imported before: the same former id or, where the file has
 * none, the same password hash, which no one else has.
 */
export async function isThereAlready(
  target: Target,
  user: NewUser,
  field: string,
): Promise<boolean> {
  const holder = await target.holderOf(user, field)
  if (!holder) return false
  const legacyId = legacyIdOf(user)
  if (legacyId !== undefined || holder.legacyId !== undefined) return legacyId === holder.legacyId
  return user.passwordHash !== undefined && (await holder.passwordHash()) === user.passwordHash
}
