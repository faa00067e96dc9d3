import type { Storage } from '#storage/storage.ts'
import type { User } from '#storage/users.ts'

/** The user with this e-mail, username or id. Rejects with a sentence when there is none. */
export async function findUser(
  { users }: Pick<Storage, 'users'>,
  identifier: string,
): Promise<User> {
  const text = identifier.trim()
  const user = (await users.findByIdentifier(text)) ?? (await users.findById(text))
  if (!user) throw new Error(`Nobody has the e-mail, username or id "${text}".`)
  return user
}
