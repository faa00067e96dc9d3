import { hash } from 'node:crypto'
import type { Outbound } from '#http/outbound.ts'

/** Whether a password is known from a data breach. Attackers try those first. */
export type IsBreached = (password: string) => Promise<boolean>

export interface BreachedPasswordsParts {
  /**
   * - `offline`: zxcvbn's list of 49,233 passwords, in any case
   * - `range`: the list, then a service that knows hundreds of millions; it learns five characters of the SHA-1
   * - `off`: no check
   */
  check: 'offline' | 'range' | 'off'
  /** Of the service, without the five characters. */
  url: string
  fetch: Outbound['fetch']
  /** Called when the service does not answer. The password passes then: sign-up must not depend on the service. */
  onError(error: unknown): void
}

export function createIsBreached({ check, ...service }: BreachedPasswordsParts): IsBreached {
  if (check === 'off') return () => Promise.resolve(false)
  return async (password) => {
    if (await isListed(password)) return true
    if (check === 'offline') return false
    return isKnownTo(service, password).catch((error: unknown) => {
      service.onError(error)
      return false
    })
  }
}

/** Loads the list with the first password, as the policy does. */
async function isListed(password: string): Promise<boolean> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return dictionary['passwords-common'].includes(password.toLowerCase())
}

/** The range protocol of Pwned Passwords: lines of `suffix:count`. Padding lines have a count of 0. */
async function isKnownTo(
  { url, fetch }: Pick<BreachedPasswordsParts, 'url' | 'fetch'>,
  password: string,
): Promise<boolean> {
  const digest = hash('sha1', password).toUpperCase()
  const answer = await fetch(`${url.replace(/\/$/, '')}/${digest.slice(0, 5)}`, {
    headers: { accept: 'text/plain', 'add-padding': 'true' },
  })
  if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`)
  return new RegExp(`^${digest.slice(5)}:0*[1-9]`, 'm').test(await answer.text())
}
