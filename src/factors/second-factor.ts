import type { FactorKind, FactorStore } from '#storage/factors.ts'
import type { Outcome } from './attempts.ts'
import type { PasskeyAnswer, PasskeyProof } from './passkeys.ts'

/** The second question of a sign-in: what a person can answer it with, and whether an answer is good. */
export interface SecondFactor {
  /** What the person has, the strongest first; empty when they have no factor. */
  methods(userId: string): Promise<SecondFactorMethod[]>
  verify(userId: string, answer: SecondFactorAnswer): Promise<Verdict>
}

export type SecondFactorMethod = FactorKind | 'recovery'

export interface SecondFactorAnswer {
  method: SecondFactorMethod
  /** Of the app, or a recovery code. */
  code?: string | undefined
  /** A passkey's, as JSON. */
  response?: unknown
  /** What the passkey's challenge was made for. */
  purpose: string
}

/** `amr` is what this answer adds (RFC 8176). */
export type Verdict =
  { accepted: true; amr: string[] } | { accepted: false; reason: 'wrong' | 'wait' }

export interface SecondFactorParts {
  store: Pick<FactorStore, 'listByUser' | 'countRecoveryCodes'>
  verifyTotp(userId: string, code: string): Promise<Outcome>
  verifyRecoveryCode(userId: string, code: string): Promise<Outcome>
  verifyPasskey(given: PasskeyAnswer): Promise<PasskeyProof | undefined>
}

export function createSecondFactor(parts: SecondFactorParts): SecondFactor {
  const byCode = { totp: parts.verifyTotp, recovery: parts.verifyRecoveryCode }
  return {
    async methods(userId) {
      const kinds = (await parts.store.listByUser(userId)).map(({ kind }) => kind)
      if (kinds.length === 0) return []
      const left = await parts.store.countRecoveryCodes(userId)
      const has = { passkey: kinds.includes('passkey'), totp: kinds.includes('totp') }
      return order.filter((method) => (method === 'recovery' ? left > 0 : has[method]))
    },
    async verify(userId, { method, code = '', response, purpose }) {
      if (method === 'passkey') {
        const proof = await parts.verifyPasskey({ response, purpose, userId })
        return proof ? { accepted: true, amr: proof.amr } : { accepted: false, reason: 'wrong' }
      }
      const outcome = await byCode[method](userId, code)
      return outcome === 'accepted'
        ? { accepted: true, amr: ['otp'] }
        : { accepted: false, reason: outcome }
    },
  }
}

const order: SecondFactorMethod[] = ['passkey', 'totp', 'recovery']
