import { AlreadyExists } from '#storage/errors.ts'
import type { User } from '#storage/users.ts'
import { comparable } from './comparable.ts'
import { createInsertMany } from './insert-many.ts'
import { marks } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'
import { toInsertedColumns, toUser } from './user-rows.ts'

/** A user to be written, with a password or none. */
export interface Insertion {
  user: User
  passwordHash: string | undefined
}

const insertUsers = createInsertMany('users', Object.keys(toInsertedColumns(toUser({ id: '' }, 0))))
const insertPasswords = createInsertMany('passwords', ['user_id', 'hash', 'updated_at'])
const insertRoles = createInsertMany('user_roles', ['user_id', 'role'])

/** Writes users with their passwords and roles; within a transaction, all of them or none. */
export async function insert(run: Run, insertions: readonly Insertion[]): Promise<void> {
  const users = insertions.map(({ user }) => user)
  await insertUsers(
    run,
    users.map((user) => Object.values(toInsertedColumns(user))),
  )
  await insertPasswords(
    run,
    insertions.flatMap(({ user, passwordHash }) =>
      passwordHash === undefined ? [] : [[user.id, passwordHash, user.updatedAt]],
    ),
  )
  await insertRoles(
    run,
    users.flatMap(({ id, roles }) => roles.map((role) => [id, role])),
  )
}

/** How many users one transaction writes: others wait for it meanwhile. */
const batchSize = 500

/** `createMany` of the contract. */
export async function insertMany(
  { transaction }: Statements,
  insertions: readonly Insertion[],
): Promise<(string | undefined)[]> {
  const results: (string | undefined)[] = []
  for (let start = 0; start < insertions.length; start += batchSize) {
    const batch = insertions.slice(start, start + batchSize)
    results.push(...(await insertBatch(transaction, batch)))
  }
  return results
}

async function insertBatch(
  transaction: Statements['transaction'],
  batch: readonly Insertion[],
): Promise<(string | undefined)[]> {
  try {
    return await transaction(async (run) => {
      const taken = await takenFields(run, batch)
      await insert(
        run,
        batch.filter((_, index) => taken[index] === undefined),
      )
      return taken
    })
  } catch (error) {
    if (!(error instanceof AlreadyExists)) throw error
  }
  // Someone took one of the values between the question and the INSERT. Which one, only each by itself can tell.
  const results: (string | undefined)[] = []
  for (const insertion of batch) {
    results.push(await transaction((run) => insert(run, [insertion])).then(succeeded, takenField))
  }
  return results
}

const succeeded = () => undefined

function takenField(error: unknown): string {
  if (error instanceof AlreadyExists) return error.field
  throw error
}

/** What must be unique of a user: the field, its column, and its value there. */
const uniqueFields: readonly [string, string, (user: User) => string | undefined][] = [
  ['id', 'id', ({ id }) => id],
  ['email', 'email_key', ({ email }) => email && comparable(email)],
  ['username', 'username_key', ({ username }) => username && comparable(username)],
]

/** For each user the field that someone has, among those stored or among those before it that can be written. */
async function takenFields(run: Run, batch: readonly Insertion[]): Promise<(string | undefined)[]> {
  const fields: { field: string; keyOf: (user: User) => string | undefined; taken: Set<string> }[] =
    []
  for (const [field, column, keyOf] of uniqueFields) {
    const keys = batch.flatMap(({ user }) => keyOf(user) ?? [])
    fields.push({ field, keyOf, taken: await storedOf(run, column, keys) })
  }
  return batch.map(({ user }) => {
    const refused = fields.find(({ keyOf, taken }) => taken.has(keyOf(user) ?? ''))
    if (refused) return refused.field
    for (const { keyOf, taken } of fields) {
      const key = keyOf(user)
      if (key !== undefined) taken.add(key)
    }
    return undefined
  })
}

/** How many values one question asks for; it is always so many, so that its text is always the same. */
const asked = 100

async function storedOf(run: Run, column: string, keys: readonly string[]): Promise<Set<string>> {
  const stored = new Set<string>()
  const sql = `SELECT ${column} AS "key" FROM users WHERE ${column} IN (${marks(asked)})`
  for (let start = 0; start < keys.length; start += asked) {
    // NULL is equal to nothing.
    const values = Array.from({ length: asked }, (_, index) => keys[start + index])
    const { rows } = await run<{ key: string }>(sql, values)
    for (const { key } of rows) stored.add(key)
  }
  return stored
}
