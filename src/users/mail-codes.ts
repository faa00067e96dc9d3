import { randomInt } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { newId, newSecret } from '#lib/ids.ts'
import { createMac } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { LimitStore } from '#storage/limits.ts'

/**
 * Codes of six digits that people read in a mail and type. A code belongs to one purpose, one account and one address,
 * lives 15 minutes, works once, and is void after five tries. A try is counted before the code is looked at, so that
 * parallel guesses cannot exceed the five: anyone who guesses one code gets in with a chance of 1 in 200,000.
 *
 * Six digits are too few for a plain hash: only an HMAC is kept, so that anyone who copies the database cannot find the code
 * by trying all.
 */
export interface MailCodes {
  /** A new code; an earlier one of the same purpose and account is void. */
  make(purpose: CodePurpose, holder: CodeHolder): Promise<string>
  /**
   * Whether this is the code, which is then spent; of parallel calls at most one resolves to true. For no one, without a
   * code and after too many tries it is false at the same cost. Spaces and dashes in what was typed do not count.
   */
  spend(purpose: CodePurpose, holder: CodeHolder | undefined, typed: string): Promise<boolean>
  /** Where the live code of this purpose and account went; undefined when there is none. */
  sentTo(purpose: CodePurpose, accountId: string): Promise<string | undefined>
  /** Makes every code of this purpose and account void. */
  void(purpose: CodePurpose, accountId: string): Promise<void>
}

/** What a code is good for; it is good for nothing else. */
export type CodePurpose = 'verify-email' | 'change-email'

export interface CodeHolder {
  accountId: string
  /** Where the code went, or should have gone. */
  email: string
}

export interface MailCodesParts {
  artifacts: ArtifactStore
  limits: LimitStore
  /** Newest first. */
  secrets: readonly string[]
  now: Clock
}

const lifeMs = 15 * 60_000
const maxTries = 5

interface Payload {
  purpose: CodePurpose
  hash: string
  email: string
}

export function createMailCodes({ artifacts, limits, secrets, now }: MailCodesParts): MailCodes {
  const mac = createMac(secrets, 'mail-codes')
  const textOf = (purpose: CodePurpose, { accountId, email }: CodeHolder, code: string): string =>
    JSON.stringify([purpose, accountId, email.toLowerCase(), code])

  /** Latest first. Should two requests have made one each at the same moment, only the latest counts. */
  const codesOf = async (purpose: CodePurpose, accountId: string) => {
    const stored = await artifacts.listByAccount('MailCode', accountId)
    return stored
      .map((one) => ({ ...one, ...(JSON.parse(one.payload) as Payload) }))
      .filter((one) => one.purpose === purpose)
  }
  const voidAll: MailCodes['void'] = async (purpose, accountId) => {
    for (const { key: id } of await codesOf(purpose, accountId))
      await artifacts.remove('MailCode', id)
  }

  return {
    void: voidAll,
    sentTo: async (purpose, accountId) => (await codesOf(purpose, accountId))[0]?.email,
    async make(purpose, holder) {
      await voidAll(purpose, holder.accountId)
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      const { email } = holder
      const payload: Payload = { purpose, email, hash: mac.make(textOf(purpose, holder, code)) }
      await artifacts.put('MailCode', newSecret(), {
        payload: JSON.stringify(payload),
        accountId: holder.accountId,
        expiresAt: now() + lifeMs,
      })
      return code
    },
    async spend(purpose, holder, typed) {
      const asked = holder ?? { accountId: newId(), email: '' }
      const [live] = await codesOf(purpose, asked.accountId)
      const { count } = await limits.hit(`mail-code:${live?.key ?? newId()}`, lifeMs)
      const fits = mac.fits(textOf(purpose, asked, digitsOf(typed)), live?.hash ?? '')
      if (!live || !fits || count > maxTries) return false
      return artifacts.consume('MailCode', live.key)
    },
  }
}

/** As people type it: `482 913`, `482-913`, or in the full-width digits of a Chinese keyboard. */
const digitsOf = (typed: string): string => typed.normalize('NFKC').replaceAll(/[\s-]/g, '')
