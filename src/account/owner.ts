import type { Access, Caller } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { SignInsEnded } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'

export const read: Access = { scope: 'account:read', asPerson: true }
export const write: Access = { scope: 'account:write', asPerson: true }

/** Whose account the caller acts on: their own. Rejects when their sign-in has ended since they were let in. */
export async function ownerOf(
  users: Pick<UserStore, 'findById'>,
  { userId, epoch }: Caller,
): Promise<User> {
  const user = userId === undefined ? undefined : await users.findById(userId)
  if (!user) throw new AppError('forbidden')
  if (epoch !== undefined && epoch !== user.signInEpoch) throw new SignInsEnded()
  return user
}

/** The same, for what an API key may never do: keys are for programs, and none of them sets up how its owner signs in. */
export async function personOf(users: Pick<UserStore, 'findById'>, caller: Caller): Promise<User> {
  if (caller.via !== 'token' && caller.via !== 'session') throw new AppError('forbidden')
  return ownerOf(users, caller)
}
