import { SignInsEnded } from '#storage/errors.ts'
import type { Run } from './run.ts'

const hold = 'UPDATE users SET updated_at = updated_at WHERE id = ?'
const holdInEpoch = `${hold} AND sign_in_epoch = ?`

/**
 * Makes everyone else who changes what hangs on the user wait until this transaction ends. Resolves to whether there is
 * such a user. Rejects with SignInsEnded when their sign-in epoch is not the given one.
 */
export async function holdUser(run: Run, userId: string, epoch?: number): Promise<boolean> {
  if (epoch === undefined) return (await run(hold, [userId])).changes === 1
  const { changes } = await run(holdInEpoch, [userId, epoch])
  if (changes !== 1) throw new SignInsEnded()
  return true
}
