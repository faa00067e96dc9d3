import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 as base64url (43 characters). Enough for values of 256 random bits: tokens, codes, client secrets.
 * Never for what a person chose; passwords go through argon2id (`users/hash-password.ts`).
 */
export const sha256 = (value: string): string =>
  createHash('sha256').update(value).digest('base64url')

/** Whether two strings are equal, in a time that does not tell where they differ. */
export function equalSecrets(a: string, b: string): boolean {
  const left = createHash('sha256').update(a).digest()
  const right = createHash('sha256').update(b).digest()
  return timingSafeEqual(left, right)
}
