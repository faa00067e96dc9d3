import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { KeyState, SigningKey, SigningKeyStore } from '#storage/signing-keys.ts'

/**
 * The keys that sign tokens: RS256 for ID tokens (what every client can read), ES256 for access tokens.
 *
 * A key is published as `next` before it signs, so that everyone who caches the key set has it by then; it signs as
 * `current`; as `previous` it stays published until all that it signed has ended.
 */
export const signingAlgs = ['RS256', 'ES256'] as const
type SigningAlg = (typeof signingAlgs)[number]

/** The set that a process works with. */
export interface KeySet {
  /** Changes whenever a key or a state does. */
  revision: string
  /** Private JWKs, the signing ones first. */
  privateJwks: JWK[]
  /** What `/oauth/jwks` publishes. */
  publicJwks: JWK[]
}

export interface Keys {
  /** Makes what is missing: a current and a next key for each algorithm. Run it under a lock. */
  ensure(): Promise<void>
  load(): Promise<KeySet>
  /**
   * next → current → previous, with a new next; a previous key that nothing valid can carry any more goes.
   * Rejects with `keys_too_young` while caches may still lack the next key, unless forced.
   */
  rotate(options?: { force?: boolean }): Promise<void>
  /**
   * Removes a compromised key, so that nothing signed with it is valid here, before or after. The next key of its
   * algorithm takes over. Resolves to the key as it was. Rejects with `not_found` if there is no such key.
   */
  revoke(id: string): Promise<SigningKey>
  list(): Promise<SigningKey[]>
}

export interface KeysParts {
  store: SigningKeyStore
  sealer: Sealer
  now: Clock
  /** How long a published key may be unknown to others: the cache life of the key set and the polling of our processes. */
  publishMs: number
  /** How long after its last use a key must stay published: the longest life of what it signed. */
  retireMs: number
}

export function createKeys({ store, sealer, now, publishMs, retireMs }: KeysParts): Keys {
  const make = (alg: SigningAlg, state: KeyState): Promise<SigningKey> =>
    generate(alg, state, { sealer, now: now() })

  const makeMissing = (keys: readonly SigningKey[]): Promise<SigningKey[]> =>
    Promise.all(missingIn(keys).map(({ alg, state }) => make(alg, state)))

  return {
    list: () => store.list(),

    async ensure() {
      const keys = await store.list()
      const missing = await makeMissing(keys)
      if (missing.length > 0) await store.replaceAll(keys, [...keys, ...missing])
    },

    async load() {
      const keys = inOrderOfUse(await store.list())
      const privateJwks = keys.map((key) => openJwk(key, sealer))
      return { revision: revisionOf(keys), privateJwks, publicJwks: privateJwks.map(publicPart) }
    },

    async rotate({ force = false } = {}) {
      const keys = await store.list()
      const young = keys.some((key) => key.state === 'next' && now() - key.stateSince < publishMs)
      if (young && !force) throw new AppError('keys_too_young')
      const moved = keys
        .filter((key) => key.state !== 'previous' || now() - key.stateSince < retireMs)
        .map((key) => sealAnew(advance(key, now()), sealer))
      const fresh = await Promise.all(signingAlgs.map((alg) => make(alg, 'next')))
      if (!(await store.replaceAll(keys, [...moved, ...fresh]))) throw new AppError('keys_changed')
    },

    async revoke(id) {
      // A concurrent change of the keys must not bring this one back.
      for (;;) {
        const keys = await store.list()
        const revoked = keys.find((key) => key.id === id)
        if (!revoked) throw new AppError('not_found')
        const rest = succeeded(keys, revoked, now())
        if (await store.replaceAll(keys, [...rest, ...(await makeMissing(rest))])) return revoked
      }
    },
  }
}

/** Which current and next keys are missing. */
const missingIn = (keys: readonly SigningKey[]) =>
  signingAlgs.flatMap((alg) =>
    (['current', 'next'] as const)
      .filter((state) => !keys.some((key) => key.alg === alg && key.state === state))
      .map((state) => ({ alg, state })),
  )

/** The keys without the revoked one. If it was current, the next key of its algorithm becomes current. */
const succeeded = (keys: SigningKey[], revoked: SigningKey, now: number): SigningKey[] =>
  keys
    .filter((key) => key !== revoked)
    .map((key) => {
      const isSuccessor = key.state === 'next' && key.alg === revoked.alg
      return revoked.state === 'current' && isSuccessor ? advance(key, now) : key
    })

function advance(key: SigningKey, now: number): SigningKey {
  if (key.state === 'previous') return key
  return { ...key, state: key.state === 'next' ? 'current' : 'previous', stateSince: now }
}

async function generate(
  alg: SigningAlg,
  state: KeyState,
  { sealer, now }: { sealer: Sealer; now: number },
): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const jwk = await exportJWK(privateKey)
  const id = await calculateJwkThumbprint(jwk)
  const sealedJwk = sealer.seal(JSON.stringify({ ...jwk, kid: id, alg, use: 'sig' }), id)
  return { id, alg, state, sealedJwk, createdAt: now, stateSince: now }
}

/** Under the newest secret: after a rotation or two nothing needs the former one any more. */
function sealAnew(key: SigningKey, sealer: Sealer): SigningKey {
  return { ...key, sealedJwk: sealer.seal(JSON.stringify(openJwk(key, sealer)), key.id) }
}

function openJwk(key: SigningKey, sealer: Sealer): JWK {
  const text = sealer.open(key.sealedJwk, key.id)
  if (text === undefined) {
    throw new Error(
      'The signing keys in the database do not open with SECRET_KEY. Was it changed? List the former one in SECRET_KEY_PREVIOUS.',
    )
  }
  return JSON.parse(text) as JWK
}

/** The engine signs with the first key of an algorithm. */
function inOrderOfUse(keys: SigningKey[]): SigningKey[] {
  const rank: Record<KeyState, number> = { current: 0, next: 1, previous: 2 }
  return keys.toSorted((a, b) => rank[a.state] - rank[b.state])
}

const revisionOf = (keys: SigningKey[]): string =>
  createHash('sha256')
    .update(keys.map((key) => `${key.id}:${key.state}`).join())
    .digest('base64url')

function publicPart({ kty, kid, alg, use, n, e, crv, x, y }: JWK): JWK {
  return JSON.parse(JSON.stringify({ kty, use, alg, kid, n, e, crv, x, y })) as JWK
}
