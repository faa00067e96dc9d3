import type { ArtifactStore } from '#storage/artifacts.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { UserStore } from '#storage/users.ts'

/**
 * Erases the accounts whose time has come: every session and token first, then the user with all that hangs on it.
 * Resolves to the ids that were erased. The last administrator stays, however long ago they asked.
 */
export async function eraseDue(
  users: Pick<UserStore, 'findDueForErase' | 'remove'>,
  artifacts: Pick<ArtifactStore, 'removeByAccount'>,
  limit = 100,
): Promise<string[]> {
  const erased: string[] = []
  for (const id of await users.findDueForErase(limit)) {
    await artifacts.removeByAccount(id)
    try {
      if (await users.remove(id)) erased.push(id)
    } catch (error) {
      if (!(error instanceof LastAdministrator)) throw error
    }
  }
  return erased
}
