import { growingMicroseconds, type Clock } from '#lib/clock.ts'
import type {
  Artifact,
  ArtifactModel,
  ArtifactStore,
  ArtifactWrite,
  StoredArtifact,
} from '#storage/artifacts.ts'
import { AlreadyExists } from '#storage/errors.ts'
import { homes } from '#storage/join.ts'
import { isId } from './comparable.ts'
import { insertInto, marks } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

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
  'sign_in_epoch',
] as const

interface Row {
  key: string
  payload: string
  grantId: string | null
  uid: string | null
  userCodeHash: string | null
  accountId: string | null
  clientId: string | null
  epoch: number | null
  expiresAt: number | null
  consumedAt: number | null
}

const key = 'model = ? AND key_hash = ?'
const live = '(expires_at IS NULL OR expires_at > ?)'
/** The epoch of a record that has one is the account's. */
const current =
  '(sign_in_epoch IS NULL OR sign_in_epoch = (SELECT u.sign_in_epoch FROM users u WHERE u.id = account_id))'
const selected =
  'SELECT key_hash AS "key", payload, grant_id AS "grantId", uid, user_code_hash AS "userCodeHash", account_id AS "accountId", client_id AS "clientId", sign_in_epoch AS "epoch", expires_at AS "expiresAt", consumed_at AS "consumedAt" FROM artifacts'

const models = Object.keys(homes)
const inserted = ['model', 'key_hash', ...columns]
const replaced = columns.slice(0, -1).map((name) => `${name} = ?`)

const texts = {
  find: `${selected} WHERE ${key} AND ${live} AND ${current}`,
  // written_at, not expires_at: a session that is renewed for a shorter time is the later one all the same.
  findByUid: `${selected} WHERE uid = ? AND model = 'Session' AND ${live} AND ${current} ORDER BY written_at DESC LIMIT 1`,
  findByUserCode: `${selected} WHERE user_code_hash = ? AND model = 'DeviceCode' AND ${live} AND ${current} ORDER BY written_at DESC LIMIT 1`,
  insert: insertInto('artifacts', inserted),
  replace: `UPDATE artifacts SET key_hash = ?, ${replaced.join(', ')}, sign_in_epoch = COALESCE(?, sign_in_epoch) WHERE ${key} AND ${live}`,
  replaceExpired: `UPDATE artifacts SET ${columns.map((name) => `${name} = ?`).join(', ')}, consumed_at = NULL WHERE ${key} AND expires_at <= ?`,
  consume: `UPDATE artifacts SET consumed_at = ? WHERE ${key} AND consumed_at IS NULL AND ${live}`,
  remove: `DELETE FROM artifacts WHERE ${key}`,
  removeByGrant: 'DELETE FROM artifacts WHERE grant_id = ?',
  endSession: "DELETE FROM artifacts WHERE uid = ? AND model = 'Session'",
  listByAccount: `${selected} WHERE account_id = ? AND model = ? AND ${live} AND ${current} ORDER BY written_at DESC`,
  removeByAccount: 'DELETE FROM artifacts WHERE account_id = ?',
  // Names every model, because the index begins with it.
  removeByClient: `DELETE FROM artifacts WHERE model IN (${marks(models.length)}) AND client_id = ?`,
  countLive: `SELECT COUNT(*) AS "count" FROM artifacts WHERE model = ? AND consumed_at IS NULL AND ${live}`,
}

export function createArtifactStore(statements: Statements, now: Clock): ArtifactStore {
  const { run, dialect } = statements
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
    artifact.epoch,
  ]
  return {
    write: createWrite(statements, { now, valuesOf }),
    async endSession(uid) {
      await run(texts.endSession, [uid])
    },
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

/** Undoes the transaction, and says why. */
class Refused extends Error {
  readonly write: ArtifactWrite
  constructor(write: ArtifactWrite) {
    super('refused')
    this.write = write
  }
}

function createWrite(
  { run, transaction }: Statements,
  { now, valuesOf }: { now: Clock; valuesOf: (artifact: Artifact) => Values },
): ArtifactStore['write'] {
  const changes = async (
    run: Run,
    write: Exclude<ArtifactWrite, { verb: 'add' }>,
  ): Promise<number> => {
    const { verb, model, key } = write
    if (verb === 'remove') return (await run(texts.remove, [model, key])).changes + 1
    const at = now()
    if (verb === 'consume') return (await run(texts.consume, [at, model, key, at])).changes
    const { to = key, artifact } = write
    return (await run(texts.replace, [to, ...valuesOf(artifact), model, key, at])).changes
  }
  const apply = async (run: Run, batch: readonly ArtifactWrite[]): Promise<void> => {
    // What may be refused comes first, to hold others up no longer than it must.
    for (const write of batch) {
      if (write.verb !== 'add' && (await changes(run, write)) === 0) throw new Refused(write)
    }
    const added = batch.filter((write) => write.verb === 'add')
    if (added.length === 0) return
    await run(
      insertInto('artifacts', inserted, added.length),
      added.flatMap(({ model, key, artifact }) => [model, key, ...valuesOf(artifact)]),
    )
  }
  return async (batch) => {
    const isOneStatement = batch.length === 1 || batch.every(({ verb }) => verb === 'add')
    try {
      await (isOneStatement ? apply(run, batch) : transaction((run) => apply(run, batch)))
      return undefined
    } catch (error) {
      if (error instanceof Refused) return error.write
      throw error
    }
  }
}

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
    // Neither: someone has it, or a sweeper took the expired one away between the two statements; then once more.
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
  epoch: row.epoch ?? undefined,
  expiresAt: row.expiresAt ?? undefined,
  consumedAt: row.consumedAt ?? undefined,
})
