import { growingMicroseconds, type Clock } from '#lib/clock.ts'
import type { Artifact, ArtifactModel, ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import { AlreadyExists } from '#storage/errors.ts'
import { homes } from '#storage/join.ts'
import { isId } from './comparable.ts'
import { insertInto, marks } from './sql-text.ts'
import type { Run, Statements } from './statements.ts'

/** How the columns are called here and there; `consumed_at` belongs to `consume` alone. */
const columns = [
  'payload',
  'grant_id',
  'uid',
  'user_code_hash',
  'account_id',
  'client_id',
  'expires_at',
  'written_at',
] as const

interface Row {
  key: string
  payload: string
  grantId: string | null
  uid: string | null
  userCodeHash: string | null
  accountId: string | null
  clientId: string | null
  expiresAt: number | null
  consumedAt: number | null
}

const key = 'model = ? AND key_hash = ?'
const live = '(expires_at IS NULL OR expires_at > ?)'
const selected =
  'SELECT key_hash AS "key", payload, grant_id AS "grantId", uid, user_code_hash AS "userCodeHash", account_id AS "accountId", client_id AS "clientId", expires_at AS "expiresAt", consumed_at AS "consumedAt" FROM artifacts'

const models = Object.keys(homes)

const texts = {
  find: `${selected} WHERE ${key} AND ${live}`,
  // written_at, not expires_at: a session that is renewed for a shorter time is the later one all the same.
  findByUid: `${selected} WHERE uid = ? AND model = 'Session' AND ${live} ORDER BY written_at DESC LIMIT 1`,
  findByUserCode: `${selected} WHERE user_code_hash = ? AND model = 'DeviceCode' AND ${live} ORDER BY written_at DESC LIMIT 1`,
  insert: insertInto('artifacts', ['model', 'key_hash', ...columns]),
  replaceExpired: `UPDATE artifacts SET ${columns.map((name) => `${name} = ?`).join(', ')}, consumed_at = NULL WHERE ${key} AND expires_at <= ?`,
  consume: `UPDATE artifacts SET consumed_at = ? WHERE ${key} AND consumed_at IS NULL AND ${live}`,
  remove: `DELETE FROM artifacts WHERE ${key}`,
  removeByGrant: 'DELETE FROM artifacts WHERE grant_id = ?',
  listByAccount: `${selected} WHERE account_id = ? AND model = ? AND ${live} ORDER BY written_at DESC`,
  removeByAccount: 'DELETE FROM artifacts WHERE account_id = ?',
  // Names every model, because the index begins with it.
  removeByClient: `DELETE FROM artifacts WHERE model IN (${marks(models.length)}) AND client_id = ?`,
  countLive: `SELECT COUNT(*) AS "count" FROM artifacts WHERE model = ? AND consumed_at IS NULL AND ${live}`,
}

export function createArtifactStore({ run, dialect }: Statements, now: Clock): ArtifactStore {
  const put = dialect.upsert('artifacts', { keys: ['model', 'key_hash'], columns })
  const writtenAt = growingMicroseconds(now)
  const valuesOf = (artifact: Artifact) => [
    artifact.payload,
    artifact.grantId,
    artifact.uid,
    artifact.userCodeHash,
    artifact.accountId,
    artifact.clientId,
    artifact.expiresAt,
    writtenAt(),
  ]
  return {
    async put(model, hash, artifact) {
      await run(put, [model, hash, ...valuesOf(artifact)])
    },
    putIfAbsent: (model, hash, artifact) =>
      putIfAbsent(run, { model, hash, values: valuesOf(artifact), at: now() }),
    find: async (model, hash) => first(run, texts.find, [model, hash, now()]),
    findSessionByUid: async (uid) => first(run, texts.findByUid, [uid, now()]),
    findDeviceCodeByUserCode: async (hash) => first(run, texts.findByUserCode, [hash, now()]),
    async consume(model, hash) {
      const at = now()
      return (await run(texts.consume, [at, model, hash, at])).changes === 1
    },
    async remove(model, hash) {
      await run(texts.remove, [model, hash])
    },
    async removeByGrant(grantId) {
      await run(texts.removeByGrant, [grantId])
    },
    ...createAccountSearches(run, now),
    async removeByClient(clientId) {
      if (isId(clientId)) await run(texts.removeByClient, [...models, clientId])
    },
    async countLive(model) {
      const { rows } = await run<{ count: number }>(texts.countLive, [model, now()])
      return rows[0]!.count
    },
    async removeExpired(limit) {
      return (await run(dialect.deleteUpTo('artifacts', 'expires_at', limit), [now()])).changes
    },
  }
}

function createAccountSearches(
  run: Run,
  now: Clock,
): Pick<ArtifactStore, 'listByAccount' | 'removeByAccount'> {
  return {
    async listByAccount(model, accountId) {
      if (!isId(accountId)) return []
      const { rows } = await run<Row>(texts.listByAccount, [accountId, model, now()])
      return rows.map(fromRow)
    },
    async removeByAccount(accountId, models) {
      if (!isId(accountId) || models?.length === 0) return
      const ofModels = models ? ` AND model IN (${marks(models.length)})` : ''
      await run(`${texts.removeByAccount}${ofModels}`, [accountId, ...(models ?? [])])
    },
  }
}

type Values = Parameters<Run>[1]

/** INSERT finds out whether the key is free; the conditional UPDATE, which of the callers gets an expired one. */
async function putIfAbsent(
  run: Run,
  { model, hash, values, at }: { model: ArtifactModel; hash: string; values: Values; at: number },
): Promise<boolean> {
  for (;;) {
    try {
      await run(texts.insert, [model, hash, ...values])
      return true
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error
    }
    const { changes } = await run(texts.replaceExpired, [...values, model, hash, at])
    if (changes === 1) return true
    // Neither: somebody has it, or a sweeper took the expired one away between the two statements; then once more.
    if (await first(run, texts.find, [model, hash, at])) return false
  }
}

async function first(run: Run, sql: string, values: Values): Promise<StoredArtifact | undefined> {
  const { rows } = await run<Row>(sql, values)
  return rows[0] && fromRow(rows[0])
}

const fromRow = (row: Row): StoredArtifact => ({
  key: row.key,
  payload: row.payload,
  grantId: row.grantId ?? undefined,
  uid: row.uid ?? undefined,
  userCodeHash: row.userCodeHash ?? undefined,
  accountId: row.accountId ?? undefined,
  clientId: row.clientId ?? undefined,
  expiresAt: row.expiresAt ?? undefined,
  consumedAt: row.consumedAt ?? undefined,
})
