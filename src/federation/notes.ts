import type { Clock } from '#lib/clock.ts'
import { equalSecrets, sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'

/**
 * What must be remembered between two requests of one browser while it signs in elsewhere. A note is found by a token
 * that is stored as a hash, is sealed, ends after ten minutes, opens for no one but the browser that it was written for,
 * and is taken once.
 */
export interface Notes {
  /** Resolves to the token, a new one unless it is given. */
  write(value: object, browser: string, token?: string): Promise<string>
  /** Undefined when there is none for this browser, or it was taken. */
  read<T>(token: string, browser: string): Promise<T | undefined>
  /** The same, and no one gets it again: of any number of calls at once one does. */
  take<T>(token: string, browser: string): Promise<T | undefined>
}

const model = 'FederationState'
const liveMs = 10 * 60_000

export function createNotes({
  artifacts,
  sealer,
  now,
}: {
  artifacts: ArtifactStore
  sealer: Sealer
  now: Clock
}): Notes {
  const contextOf = (key: string): string => `${model}:${key}`
  const read = async <T>(token: string, browser: string): Promise<T | undefined> => {
    const key = sha256(token)
    const stored = await artifacts.find(model, key)
    if (!stored || stored.consumedAt !== undefined) return undefined
    const text = sealer.open(stored.payload, contextOf(key))
    if (text === undefined) return undefined
    const note = JSON.parse(text) as { browser: string; value: T }
    return equalSecrets(note.browser, sha256(browser)) ? note.value : undefined
  }

  return {
    async write(value, browser, token = newSecret()) {
      const key = sha256(token)
      const text = JSON.stringify({ browser: sha256(browser), value })
      const payload = sealer.seal(text, contextOf(key))
      await artifacts.put(model, key, { payload, expiresAt: now() + liveMs })
      return token
    },
    read,
    async take<T>(token: string, browser: string) {
      const value = await read<T>(token, browser)
      return value !== undefined && (await artifacts.consume(model, sha256(token)))
        ? value
        : undefined
    },
  }
}
