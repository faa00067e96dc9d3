import { LastAdministrator } from '#storage/errors.ts'
import { administratorRole } from '#storage/users.ts'
import type { Run } from './run.ts'

const texts = {
  queue: "UPDATE revisions SET revision = revision + 1 WHERE name = 'administrators'",
  find: `SELECT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = '${administratorRole}' AND u.banned_at IS NULL AND u.erase_at IS NULL LIMIT 1`,
}

/**
 * Does `work`, which may take an administrator away, within its transaction. Rejects with LastAdministrator when there
 * was one who can sign in and there would be none.
 *
 * Those who may do so wait for one another at one row, so that of two who each see the other's administrator remain the
 * second sees what the first has done. Anyone who makes an administrator need not wait.
 */
export async function keepingAnAdministrator<T>(run: Run, work: () => Promise<T>): Promise<T> {
  await run(texts.queue, [])
  const isThereOne = async () => (await run(texts.find, [])).rows.length > 0
  const wasThereOne = await isThereOne()
  const result = await work()
  if (wasThereOne && !(await isThereOne())) throw new LastAdministrator()
  return result
}
