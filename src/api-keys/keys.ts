import { createHash, randomInt } from 'node:crypto'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { equalSecrets, sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { ApiKey, ApiKeyStore } from '#storage/api-keys.ts'

/**
 * API keys: `uak_` + 16 characters that are public and name the key + 43 secret ones + 6 that check the rest, so that a
 * mistyped key, or one in someone's repository, is told from noise without a look-up. Only a hash is stored, and the
 * whole key is shown once.
 */
export interface ApiKeys {
  /**
   * Makes a key. Rejects with `invalid_scope` when it asks for more than its owner may, and with SignInsEnded when the
   * sign-in of the given epoch has ended.
   */
  create(
    wanted: NewApiKey,
    owner: { scopes: ReadonlySet<string>; epoch?: number | undefined },
  ): Promise<{ record: ApiKey; key: string }>
  /** The record of a key that is good now; undefined for any other text. Notes the use, at most once a minute. */
  check(key: string): Promise<ApiKey | undefined>
}

export interface NewApiKey {
  userId: string
  name: string
  scopes: string[]
  /** Milliseconds since the epoch; absent: no end. */
  expiresAt?: number | undefined
}

const form = /^uak_([0-9A-Za-z]{16})([0-9A-Za-z_-]{43})([0-9a-f]{6})$/
const quietMs = 60_000

export const looksLikeApiKey = (text: string): boolean => text.startsWith('uak_')

export function createApiKeys(store: ApiKeyStore, now: Clock): ApiKeys {
  return {
    async create({ userId, name, scopes, expiresAt }, owner) {
      if (scopes.some((scope) => !owner.scopes.has(scope))) throw new AppError('invalid_scope')
      const id = newPublicId()
      const body = `uak_${id}${newSecret()}`
      const key = body + checksum(body)
      const record = { id, userId, name, scopes, expiresAt, hash: sha256(key), createdAt: now() }
      await store.create(record, owner.epoch)
      return { record, key }
    },
    async check(key) {
      const parts = form.exec(key)
      const [, id = '', , sum = ''] = parts ?? []
      if (!parts || sum !== checksum(key.slice(0, -sum.length))) return undefined
      const record = await store.find(id)
      if (!record || !equalSecrets(record.hash, sha256(key))) return undefined
      if (record.expiresAt !== undefined && record.expiresAt <= now()) return undefined
      await store.recordUse(id, quietMs)
      return record
    },
  }
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const newPublicId = (): string =>
  Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join('')

const checksum = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 6)
