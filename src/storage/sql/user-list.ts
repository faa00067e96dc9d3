import type { User, UserFilter, UserPage } from '#storage/users.ts'
import { comparable, containing, isId, isStorable } from './comparable.ts'
import { pageOf, pageText, type Condition } from './pages.ts'
import type { Run } from './run.ts'
import { fromRows, userColumns, type UserRow } from './user-rows.ts'

/** Longer than any e-mail or username in the form in which they are compared. */
const longestText = 600

/** `list` of the contract. The page is found in narrow rows; documents and roles are read for its users only. */
export async function listUsers(run: Run, filter: UserFilter): Promise<UserPage> {
  const { limit, cursor } = filter
  if (!canMatch(filter)) return { users: [], next: undefined }
  const where = [
    ...(await textOf(run, filter.q)),
    ...statusOf(filter.status),
    ...(await holdersOf(run, filter.role)),
  ]
  const page = pageText({
    select: 'SELECT u.id, u.created_at FROM users u',
    where,
    time: 'u.created_at',
    id: 'u.id',
    limit,
    cursor,
  })
  const { rows } = await run<UserRow>(
    `SELECT ${userColumns} FROM (${page.sql}) page JOIN users u ON u.id = page.id LEFT JOIN user_roles r ON r.user_id = u.id ORDER BY page.created_at DESC, page.id DESC`,
    page.values,
  )
  const { rows: users, next } = pageOf(fromAllRows(rows), limit, (user) => [
    user.createdAt,
    user.id,
  ])
  return { users, next }
}

/** Whether every database can hold what is searched; SQLite refuses long patterns. */
function canMatch({ q = '', role = '' }: UserFilter): boolean {
  return isStorable(q) && isStorable(role) && comparable(q).length <= longestText
}

const isUuid = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)

async function textOf(run: Run, q = ''): Promise<Condition[]> {
  const key = comparable(q)
  if (key === '') return []
  // Who pastes an id means whose it is; to look for it in a hundred thousand names as well takes its time.
  const isSomebody =
    isUuid(key) && (await run('SELECT id FROM users WHERE id = ?', [key])).rows.length > 0
  if (isSomebody) return [['u.id = ?', key]]
  const pattern = containing(key)
  return [
    [
      "u.email_key LIKE ? ESCAPE '!' OR u.username_key LIKE ? ESCAPE '!' OR u.nickname_key LIKE ? ESCAPE '!' OR u.id = ?",
      pattern,
      pattern,
      pattern,
      isId(key) ? key : '',
    ],
  ]
}

function statusOf(status: UserFilter['status']): Condition[] {
  if (status === undefined) return []
  return [[status === 'banned' ? 'u.banned_at IS NOT NULL' : 'u.banned_at IS NULL']]
}

/** A role that more people have is one that most people have. */
const fewHolders = 1000

/**
 * The condition that users have the role, in two forms. Of few holders a database can take all and sort them; of many
 * it must not, but try users from the newest on until the page is full. MariaDB does not see that, so it is told.
 */
async function holdersOf(run: Run, role: string | undefined): Promise<Condition[]> {
  if (role === undefined) return []
  const { rows } = await run(
    `SELECT user_id FROM user_roles WHERE role = ? LIMIT ${fewHolders + 1}`,
    [role],
  )
  const held = 'FROM user_roles h WHERE h.user_id = u.id AND h.role = ?'
  return rows.length <= fewHolders
    ? [[`EXISTS (SELECT 1 ${held})`, role]]
    : [[`(SELECT COUNT(*) ${held}) > 0`, role]]
}

/** One user for all rows of an id, in the order of the rows. */
function fromAllRows(rows: readonly UserRow[]): User[] {
  const byId = Map.groupBy(rows, ({ id }) => id)
  return [...byId.values()].flatMap((rows) => (rows[0] ? fromRows(rows[0], rows) : []))
}
