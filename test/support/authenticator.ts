import { Secret, TOTP } from 'otpauth'
import { sha256 } from '#lib/hashing.ts'
import { newId } from '#lib/ids.ts'
import { createSealer } from '#lib/sealing.ts'
import type { Fixture } from './start.ts'

/** An authenticator app on someone's phone. */
export interface App {
  /** A code that has not been shown yet: of this step, then of the next one. */
  next(): string
  /** A code that no step near now has. */
  wrong(): string
}

const period = 30

export function appWith(secret: string, clock: () => number = Date.now): App {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), period })
  let last = 0
  const at = (step: number): string => totp.generate({ timestamp: step * period * 1000 })
  const now = (): number => Math.floor(clock() / 1000 / period)
  return {
    next() {
      last = Math.max(last + 1, now())
      return at(last)
    },
    wrong() {
      const near = new Set([-2, -1, 0, 1, 2].map((offset) => at(now() + offset)))
      return ['000000', '111111', '222222', '333333', '444444', '555555'].find(
        (code) => !near.has(code),
      )!
    },
  }
}

/** Gives the person an app that has shown no code yet, as if it had been set up long ago. */
export async function addApp({ storage, config }: Fixture, userId: string): Promise<App> {
  const secret = new Secret({ size: 20 }).base32
  const id = newId()
  const data = createSealer([config.SECRET_KEY!], 'totp').seal(secret, `${userId}:${id}`)
  const key = sha256(`totp:${userId}`)
  await storage.factors.replace({ id, userId, kind: 'totp', key, name: '', data, counter: 0 })
  return appWith(secret)
}
