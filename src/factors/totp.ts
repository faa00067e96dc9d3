import { Secret, TOTP } from 'otpauth'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId } from '#lib/ids.ts'
import type { Sealer } from '#lib/sealing.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { Factor, FactorStore } from '#storage/factors.ts'
import type { User } from '#storage/users.ts'
import type { Attempt, Outcome } from './attempts.ts'

/**
 * Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, as every app reads them), one step early or
 * late. A person has one app. The seed is sealed at rest; the step of the last good code is kept, and only later ones
 * are accepted, so that no code is good twice (§5.2).
 */
export interface Totp {
  /**
   * A new seed, to be shown to its owner. Nothing is stored: `setup` holds it, sealed, for 15 minutes. Given a setup that
   * is still good it goes on with that one.
   */
  begin(user: User, setup?: string): Promise<TotpSetup>
  /** Keeps the seed once its owner has shown that the app makes the codes. Rejects with `invalid_token` when the setup is too old, someone else's or used. */
  confirm(user: User, given: TotpConfirmation): Promise<Factor | 'wrong'>
  verify(userId: string, code: string): Promise<Outcome>
}

export interface TotpSetup {
  /** Base32, for typing. */
  secret: string
  /** `otpauth://totp/…`. */
  uri: string
  /** The same as a picture: SVG, black on white. */
  qr: string
  setup: string
}

export interface TotpConfirmation {
  setup: string
  code: string
  name?: string | undefined
}

export interface TotpParts {
  store: FactorStore
  attempt: Attempt
  /** For seeds at rest. */
  sealer: Sealer
  /** For seeds on their way through a form. */
  setupSealer: Sealer
  /** What the app shows above the codes. */
  issuer: string
  now: Clock
}

const setupMs = 15 * 60_000
const stepMs = 30_000

export function createTotp(parts: TotpParts): Totp {
  const { store, sealer, now } = parts
  /** The step that the code is of; undefined when it is of none near now. */
  const stepOf = (secret: string, code: string): number | undefined => {
    const token = code.replaceAll(/\s/g, '')
    if (!/^\d{6}$/.test(token)) return undefined
    const delta = totpOf(parts, secret).validate({ token, window: 1, timestamp: now() })
    return delta === null ? undefined : Math.floor(now() / stepMs) + delta
  }

  return {
    async begin({ id: userId, email, username }, begun = '') {
      const pending = readSetup(parts, userId, begun) ?? {
        id: newId(),
        secret: new Secret({ size: 20 }).base32,
        until: now() + setupMs,
      }
      const { secret } = pending
      const uri = totpOf(parts, secret, email ?? username).toString()
      const setup = parts.setupSealer.seal(JSON.stringify(pending), userId)
      return { secret, uri, qr: await drawQr(uri), setup }
    },
    async confirm({ id: userId, signInEpoch: epoch }, { setup, code, name = '' }) {
      const pending = readSetup(parts, userId, setup)
      if (!pending) throw new AppError('invalid_token')
      const step = stepOf(pending.secret, code)
      if (step === undefined) return 'wrong'
      const { id } = pending
      const data = sealer.seal(pending.secret, totpContext({ id, userId }))
      const key = sha256(`totp:${userId}`)
      return store
        .replace({ id, userId, kind: 'totp', key, name, data, counter: step }, epoch)
        .catch((error: unknown) => {
          throw error instanceof AlreadyExists ? new AppError('invalid_token') : error
        })
    },
    verify: (userId, code) =>
      parts.attempt(`totp:${userId}`, async () => {
        const factor = await store.findByKey(sha256(`totp:${userId}`))
        const secret = factor && sealer.open(factor.data, totpContext(factor))
        const step = secret === undefined ? undefined : stepOf(secret, code)
        return factor !== undefined && step !== undefined && store.advance(factor.id, step)
      }),
  }
}

interface Pending {
  id: string
  secret: string
  until: number
}

function readSetup(
  { setupSealer, now }: TotpParts,
  userId: string,
  setup: string,
): Pending | undefined {
  const text = setupSealer.open(setup, userId)
  const pending = text === undefined ? undefined : (JSON.parse(text) as Pending)
  return pending && pending.until >= now() ? pending : undefined
}

const totpOf = ({ issuer }: TotpParts, secret: string, label = issuer): TOTP =>
  new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period: stepMs / 1000 })

/** What binds a sealed seed to its record. */
export const totpContext = ({ id, userId }: Pick<Factor, 'id' | 'userId'>): string =>
  `${userId}:${id}`

/** Loaded when the first one is drawn. */
async function drawQr(uri: string): Promise<string> {
  const { default: qrcode } = await import('qrcode')
  return qrcode.toString(uri, { type: 'svg', margin: 2, errorCorrectionLevel: 'M' })
}
