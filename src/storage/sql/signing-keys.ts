import type { SigningKey, SigningKeyStore } from '#storage/signing-keys.ts'
import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

const texts = {
  list: 'SELECT id, alg, state, sealed_jwk AS "sealedJwk", created_at AS "createdAt", state_since AS "stateSince" FROM signing_keys ORDER BY created_at, id',
  queue: "UPDATE revisions SET revision = revision + 1 WHERE name = 'signing_keys'",
  clear: 'DELETE FROM signing_keys',
  insert: insertInto('signing_keys', [
    'id',
    'alg',
    'state',
    'sealed_jwk',
    'created_at',
    'state_since',
  ]),
}

export function createSigningKeyStore({ run, transaction }: Statements): SigningKeyStore {
  return {
    list: () => list(run),
    replaceAll: (expected, keys) =>
      transaction(async (run) => {
        // Writers wait for one another at this row. Locking the keys themselves would lock nothing while there are none.
        await run(texts.queue, [])
        if (!isSameSet(await list(run), expected)) return false
        await run(texts.clear, [])
        for (const key of keys) await run(texts.insert, valuesOf(key))
        return true
      }),
  }
}

const list = async (run: Run): Promise<SigningKey[]> => {
  const { rows } = await run<SigningKey>(texts.list, [])
  return rows.map((row) => ({ ...row }))
}

const valuesOf = (key: SigningKey) => [
  key.id,
  key.alg,
  key.state,
  key.sealedJwk,
  key.createdAt,
  key.stateSince,
]

function isSameSet(stored: readonly SigningKey[], expected: readonly SigningKey[]): boolean {
  const fingerprint = (keys: readonly SigningKey[]) =>
    keys
      .map(({ id, state }) => JSON.stringify([id, state]))
      .sort()
      .join()
  return fingerprint(stored) === fingerprint(expected)
}
