import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId } from '#lib/ids.ts'
import { AlreadyExists, LastSignInMethod } from '#storage/errors.ts'
import type { Identity, IdentityKey, IdentityStore, SeenIdentity } from '#storage/identities.ts'
import { isId } from './comparable.ts'
import { holdUser } from './hold-user.ts'
import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'
import { insert } from './user-inserts.ts'
import { toUser } from './user-rows.ts'

interface Row extends IdentityKey {
  id: string
  userId: string
  unionId: string | null
  profile: string
  createdAt: number
  lastUsedAt: number
}

const selected =
  'SELECT id, user_id AS "userId", provider, app_id AS "appId", subject, union_id AS "unionId", profile, created_at AS "createdAt", last_used_at AS "lastUsedAt" FROM identities'

const texts = {
  insert: insertInto('identities', [
    'id',
    'identity_key',
    'user_id',
    'provider',
    'app_id',
    'subject',
    'union_id',
    'profile',
    'created_at',
    'last_used_at',
  ]),
  find: `${selected} WHERE identity_key = ?`,
  findOfUser: `${selected} WHERE user_id = ? AND id = ?`,
  listByUser: `${selected} WHERE user_id = ? ORDER BY created_at, id`,
  use: 'UPDATE identities SET union_id = COALESCE(?, union_id), profile = ?, last_used_at = ? WHERE id = ?',
  remove: 'DELETE FROM identities WHERE id = ?',
  findUnion: 'SELECT user_id AS "userId" FROM identity_unions WHERE union_key = ?',
  insertUnion: insertInto('identity_unions', ['union_key', 'user_id']),
  removeUnion: 'DELETE FROM identity_unions WHERE union_key = ?',
  findPassword: 'SELECT user_id FROM passwords WHERE user_id = ?',
}

/** Two calls for one person can only meet once: then the second one sees what the first has written. */
const attempts = 3

export function createIdentityStore({ run, transaction }: Statements, now: Clock): IdentityStore {
  return {
    async claim(seen, newUser) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await transaction(async (run) => {
            const known = await look(run, seen)
            if (known.userId === undefined)
              await insert(run, [{ user: toUser(newUser, now()), passwordHash: undefined }])
            const userId = known.userId ?? newUser.id
            await put(run, seen, { ...known, userId, at: now() })
            return { userId, isNew: known.userId === undefined }
          })
        } catch (error) {
          const isRace = error instanceof AlreadyExists && !userFields.includes(error.field)
          if (!isRace || attempt === attempts) throw error
        }
      }
    },
    async find(seen) {
      const own = await findOwn(run, seen)
      if (own) return own
      const userId = await findUnion(run, seen)
      if (userId === undefined) return undefined
      const { rows } = await run<Row>(texts.listByUser, [userId])
      const row = rows.find((one) => one.unionId === seen.unionId)
      return row && { ...fromRow(row), ...keyOf(seen) }
    },
    async refresh(userId, seen) {
      if (!isId(userId)) return false
      return transaction(async (run) => {
        await holdUser(run, userId)
        const known = await look(run, seen)
        if (known.userId !== userId) return false
        await put(run, seen, { ...known, userId, at: now() })
        return true
      })
    },
    async link(userId, seen, epoch) {
      const id = await transaction(async (run) => {
        if (epoch !== undefined) await holdUser(run, userId, epoch)
        const known = await look(run, seen)
        if ((known.userId ?? userId) !== userId) throw new AlreadyExists('identity')
        return put(run, seen, { ...known, userId, at: now() })
      }).catch((error: unknown) => {
        // Whichever of its keys someone else was quicker with.
        throw error instanceof AlreadyExists
          ? new AlreadyExists('identity', { cause: error })
          : error
      })
      const { rows } = await run<Row>(texts.findOfUser, [userId, id])
      return fromRow(rows[0]!)
    },
    async listByUser(userId) {
      if (!isId(userId)) return []
      return (await run<Row>(texts.listByUser, [userId])).rows.map(fromRow)
    },
    async unlink(userId, id) {
      if (!isId(userId) || !isId(id)) return false
      return transaction(async (run) => {
        // Two who are taken at once wait for one another here, and the second sees what is left.
        await holdUser(run, userId)
        return unlink(run, userId, id)
      })
    },
  }
}

const userFields = ['email', 'username']

async function unlink(run: Run, userId: string, id: string): Promise<boolean> {
  const { rows } = await run<Row>(texts.listByUser, [userId])
  const taken = rows.find((row) => row.id === id)
  if (!taken) return false
  const others = rows.filter((row) => row.id !== id)
  const hasPassword = (await run(texts.findPassword, [userId])).rows.length > 0
  if (others.length === 0 && !hasPassword) throw new LastSignInMethod()
  await run(texts.remove, [id])
  const sharesUnion = ({ provider, unionId }: Row): boolean =>
    provider === taken.provider && unionId === taken.unionId
  if (taken.unionId !== null && !others.some(sharesUnion))
    await run(texts.removeUnion, [unionKeyOf(taken.provider, taken.unionId)])
  return true
}

/** What is there of someone before anything is written; anyone who comes between finds the unique keys taken. */
interface Known {
  own: Identity | undefined
  /** Whose the union is. */
  union: string | undefined
  /** Whose the identity is, by itself or by its union. */
  userId: string | undefined
}

async function look(run: Run, seen: SeenIdentity): Promise<Known> {
  const own = await findOwn(run, seen)
  const union = await findUnion(run, seen)
  return { own, union, userId: own?.userId ?? union }
}

/** Writes the identity for the user, or brings theirs up to date; resolves to its id. */
async function put(
  run: Run,
  seen: SeenIdentity,
  { own, union, userId, at }: Known & { userId: string; at: number },
): Promise<string> {
  const { provider, appId, subject, unionId } = seen
  if (unionId !== undefined && union === undefined)
    await run(texts.insertUnion, [unionKeyOf(provider, unionId), userId])
  const ownUnion = (union ?? userId) === userId ? unionId : undefined
  const profile = JSON.stringify(seen.profile)
  if (own) {
    await run(texts.use, [ownUnion, profile, at, own.id])
    return own.id
  }
  const id = newId()
  await run(texts.insert, [
    id,
    keyOfIdentity(seen),
    userId,
    provider,
    appId,
    subject,
    ownUnion,
    profile,
    at,
    at,
  ])
  return id
}

async function findOwn(run: Run, key: IdentityKey): Promise<Identity | undefined> {
  const { rows } = await run<Row>(texts.find, [keyOfIdentity(key)])
  return rows[0] && fromRow(rows[0])
}

async function findUnion(
  run: Run,
  { provider, unionId }: { provider: string; unionId?: string | undefined },
): Promise<string | undefined> {
  if (unionId === undefined) return undefined
  const { rows } = await run<{ userId: string }>(texts.findUnion, [unionKeyOf(provider, unionId)])
  return rows[0]?.userId
}

const keyOfIdentity = ({ provider, appId, subject }: IdentityKey): string =>
  sha256(JSON.stringify([provider, appId, subject]))

const unionKeyOf = (provider: string, unionId: string): string =>
  sha256(JSON.stringify([provider, unionId]))

const keyOf = ({ provider, appId, subject }: IdentityKey): IdentityKey => ({
  provider,
  appId,
  subject,
})

const fromRow = (row: Row): Identity => ({
  id: row.id,
  userId: row.userId,
  ...keyOf(row),
  unionId: row.unionId ?? undefined,
  profile: JSON.parse(row.profile),
  createdAt: row.createdAt,
  lastUsedAt: row.lastUsedAt,
})
