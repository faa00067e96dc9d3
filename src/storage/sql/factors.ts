import type { Clock } from '#lib/clock.ts'
import type { Factor, FactorKind, FactorStore, NewFactor } from '#storage/factors.ts'
import { isId } from './comparable.ts'
import { holdUser } from './hold-user.ts'
import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

interface Row {
  id: string
  userId: string
  kind: FactorKind
  key: string
  name: string
  data: string
  counter: number
  createdAt: number
  lastUsedAt: number | null
}

const selected =
  'SELECT id, user_id AS "userId", kind, factor_key AS "key", name, data, counter, created_at AS "createdAt", last_used_at AS "lastUsedAt" FROM factors'

const texts = {
  insert: insertInto('factors', [
    'id',
    'user_id',
    'kind',
    'factor_key',
    'name',
    'data',
    'counter',
    'created_at',
  ]),
  findByKey: `${selected} WHERE factor_key = ?`,
  listByUser: `${selected} WHERE user_id = ? ORDER BY created_at, id`,
  anyOfUser: 'SELECT id FROM factors WHERE user_id = ? LIMIT 1',
  advance: 'UPDATE factors SET counter = ?, last_used_at = ? WHERE id = ? AND counter < ?',
  useUncounted: 'UPDATE factors SET last_used_at = ? WHERE id = ? AND counter = 0',
  rename: 'UPDATE factors SET name = ? WHERE user_id = ? AND id = ?',
  remove: 'DELETE FROM factors WHERE id = ?',
  removeByKey: 'DELETE FROM factors WHERE factor_key = ? AND user_id = ? AND id <> ?',
  insertCode: insertInto('recovery_codes', ['user_id', 'code_hash']),
  removeCodes: 'DELETE FROM recovery_codes WHERE user_id = ?',
  useCode:
    'UPDATE recovery_codes SET used_at = ? WHERE user_id = ? AND code_hash = ? AND used_at IS NULL',
  countCodes:
    'SELECT COUNT(*) AS "count" FROM recovery_codes WHERE user_id = ? AND used_at IS NULL',
}

export function createFactorStore({ run, transaction }: Statements, now: Clock): FactorStore {
  /** Changes of one person's factors wait for one another here. */
  const holding = <T>(userId: string, work: (run: Run) => Promise<T>, epoch?: number): Promise<T> =>
    transaction(async (run) => {
      await holdUser(run, userId, epoch)
      return work(run)
    })

  return {
    add: (factor, epoch) =>
      epoch === undefined
        ? insert(run, factor, now())
        : holding(factor.userId, (run) => insert(run, factor, now()), epoch),
    replace: (factor, epoch) => {
      const write = async (run: Run) => {
        await run(texts.removeByKey, [factor.key, factor.userId, factor.id])
        return insert(run, factor, now())
      }
      return holding(factor.userId, write, epoch)
    },
    async findByKey(key) {
      if (!isId(key)) return undefined
      const { rows } = await run<Row>(texts.findByKey, [key])
      return rows[0] && fromRow(rows[0])
    },
    listByUser: (userId) => list(run, userId),
    async anyOfUser(userId) {
      return isId(userId) && (await run(texts.anyOfUser, [userId])).rows.length > 0
    },
    async advance(id, counter) {
      if (!isId(id)) return false
      const { changes } =
        counter === 0
          ? await run(texts.useUncounted, [now(), id])
          : await run(texts.advance, [counter, now(), id, counter])
      return changes === 1
    },
    async rename(userId, id, name) {
      if (!isId(userId) || !isId(id)) return false
      return (await run(texts.rename, [name, userId, id])).changes === 1
    },
    async remove(userId, id) {
      if (!isId(userId)) return undefined
      return holding(userId, async (run) => {
        const all = await list(run, userId)
        const removed = all.find((factor) => factor.id === id)
        if (!removed) return undefined
        await run(texts.remove, [id])
        if (all.length === 1) await run(texts.removeCodes, [userId])
        return removed
      })
    },
    replaceRecoveryCodes: (userId, hashes, epoch) => {
      const write = async (run: Run) => {
        await run(texts.removeCodes, [userId])
        for (const hash of hashes) await run(texts.insertCode, [userId, hash])
      }
      return holding(userId, write, epoch)
    },
    async useRecoveryCode(userId, hash) {
      if (!isId(userId) || !isId(hash)) return false
      return (await run(texts.useCode, [now(), userId, hash])).changes === 1
    },
    async countRecoveryCodes(userId) {
      if (!isId(userId)) return 0
      const { rows } = await run<{ count: number }>(texts.countCodes, [userId])
      return rows[0]?.count ?? 0
    },
  }
}

async function insert(run: Run, factor: NewFactor, at: number): Promise<Factor> {
  const { id, userId, kind, key, name, data, counter } = factor
  await run(texts.insert, [id, userId, kind, key, name, data, counter, at])
  return { ...factor, createdAt: at, lastUsedAt: undefined }
}

async function list(run: Run, userId: string): Promise<Factor[]> {
  if (!isId(userId)) return []
  return (await run<Row>(texts.listByUser, [userId])).rows.map(fromRow)
}

const fromRow = (row: Row): Factor => ({ ...row, lastUsedAt: row.lastUsedAt ?? undefined })
