import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { equalSecrets, sha256 } from './hashing.ts'

/**
 * Encryption at rest. Every purpose has its own key, derived from the server's secret by HKDF-SHA256 (RFC 5869), so
 * that a value sealed for one purpose opens for no other. The newest secret seals; the older ones still open.
 */
export interface Sealer {
  /** AES-256-GCM; the context (a record's id, say) must be given again to open. */
  seal(text: string, context: string): string
  /** The text; undefined when it was changed, belongs to another context, or its secret is no longer listed. */
  open(sealed: string, context: string): string | undefined
  /** The prefix of everything it seals: identifies the purpose and the secret without revealing either. */
  readonly mark: string
}

/** 32 bytes for one purpose. */
export const deriveKey = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'yumen', purpose, 32))

const version = 'v1'

/** The length of every `mark`. */
export const markLength = 'v1.12345678'.length

/** `secrets`: newest first, at least one. */
export function createSealer(secrets: readonly string[], purpose: string): Sealer {
  const keys = secrets.map((secret) => deriveKey(secret, purpose))
  const newest = keys[0]
  if (newest === undefined) throw new Error('a sealer needs a secret')
  const newestId = keyId(newest)
  const byId = new Map(keys.map((key) => [keyId(key), key]))

  return {
    mark: `${version}.${newestId}`,
    seal(text, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', newest, iv).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return [version, newestId, iv.toString('base64url'), body.toString('base64url')].join('.')
    },
    open(sealed, context) {
      const [v, id, iv, body] = sealed.split('.')
      const key = byId.get(id ?? '')
      if (v !== version || !key || iv === undefined || body === undefined) return undefined
      try {
        const bytes = Buffer.from(body, 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(-16))
        return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** HMAC-SHA256 for one purpose. Made with the newest secret; those made with an older one still match. */
export interface Mac {
  /** Base64url. */
  make(text: string): string
  fits(text: string, given: string): boolean
}

/** `secrets`: newest first, at least one. */
export function createMac(secrets: readonly string[], purpose: string): Mac {
  const [newest, ...older] = secrets.map((secret) => deriveKey(secret, purpose))
  if (newest === undefined) throw new Error('a MAC needs a secret')
  const makeWith = (key: Buffer, text: string): string =>
    createHmac('sha256', key).update(text).digest('base64url')
  return {
    make: (text) => makeWith(newest, text),
    fits: (text, given) =>
      [newest, ...older].some((key) => equalSecrets(makeWith(key, text), given)),
  }
}

const keyId = (key: Buffer): string => sha256(key.toString('base64url')).slice(0, 8)
