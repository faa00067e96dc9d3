import { readFileSync } from 'node:fs'
import { newSecret } from '#lib/ids.ts'
import { createSealer } from '#lib/sealing.ts'
import { createKeys } from '#oidc/keys.ts'
import type { SigningKey, SigningKeyStore } from '#storage/signing-keys.ts'
import type { Storage } from '#storage/storage.ts'

/** The SECRET_KEY of every server in the tests, so that they can share signing keys. */
export const secretKey = process.env['TEST_SECRET_KEY'] ?? newSecret(48)

/**
 * Gives a new server the keys that the others have: making four takes longer than most tests. `npm test` makes them for the
 * whole run (TEST_SIGNING_KEYS, a file); without it each process makes its own.
 */
export async function giveSigningKeys({
  signingKeys,
}: Pick<Storage, 'signingKeys'>): Promise<void> {
  shared ??= readKeys() ?? makeSigningKeys(secretKey)
  const since = Date.now()
  const keys = (await shared).map((key) => ({ ...key, createdAt: since, stateSince: since }))
  await signingKeys.replaceAll([], keys)
}

let shared: Promise<SigningKey[]> | SigningKey[] | undefined

function readKeys(): SigningKey[] | undefined {
  const file = process.env['TEST_SIGNING_KEYS']
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as SigningKey[])
}

/** Keys as a server with this SECRET_KEY keeps them. */
export async function makeSigningKeys(secret: string): Promise<SigningKey[]> {
  let kept: readonly SigningKey[] = []
  const store: SigningKeyStore = {
    list: async () => [...kept],
    async replaceAll(_expected, keys) {
      kept = keys
      return true
    },
  }
  const sealer = createSealer([secret], 'signing-keys')
  await createKeys({ store, sealer, now: Date.now, publishMs: 0, retireMs: 0 }).ensure()
  return [...kept]
}
