import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { equalSecrets, sha256 } from '#lib/hashing.ts'
import { deriveKey } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'

/**
 * Challenges for passkeys. One is random, carries its end and our signature over its purpose (which interaction, which
 * person), so that asking for one costs no storage and no one fills it by asking. It is good for one answer: the first
 * one leaves a mark that stays as long as the challenge would.
 */
export interface Challenges {
  /** Base64url. */
  make(purpose: string): string
  /** Whether the challenge is ours, for this purpose, not too old, and answered for the first time. */
  spend(challenge: string, purpose: string): Promise<boolean>
}

export interface ChallengesParts {
  secrets: readonly string[]
  artifacts: Pick<ArtifactStore, 'putIfAbsent'>
  now: Clock
}

/** As long as an interaction: the login page may stand open for a while before the person touches the key. */
const lifeMs = 60 * 60_000
const randomLength = 16
const timeLength = 6

export function createChallenges({ secrets, artifacts, now }: ChallengesParts): Challenges {
  const keys = secrets.map((secret) => deriveKey(secret, 'passkey-challenges'))
  const sign = (key: Buffer, head: Buffer, purpose: string): string =>
    createHmac('sha256', key).update(head).update(purpose).digest('base64url')

  return {
    make(purpose) {
      const time = Buffer.alloc(timeLength)
      time.writeUIntBE(now() + lifeMs, 0, timeLength)
      const head = Buffer.concat([randomBytes(randomLength), time])
      const signature = Buffer.from(sign(keys[0]!, head, purpose), 'base64url')
      return Buffer.concat([head, signature]).toString('base64url')
    },
    async spend(challenge, purpose) {
      const bytes = Buffer.from(challenge, 'base64url')
      if (bytes.length !== randomLength + timeLength + 32) return false
      const head = bytes.subarray(0, randomLength + timeLength)
      const signature = bytes.subarray(randomLength + timeLength).toString('base64url')
      if (!keys.some((key) => equalSecrets(sign(key, head, purpose), signature))) return false
      const expiresAt = head.readUIntBE(randomLength, timeLength)
      if (expiresAt <= now()) return false
      const key = sha256(bytes.toString('base64url'))
      return artifacts.putIfAbsent('SpentChallenge', key, { payload: '{}', expiresAt })
    },
  }
}
