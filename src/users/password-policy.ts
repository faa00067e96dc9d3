import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import type { IsBreached } from './breached-passwords.ts'

/** Why a new password is not accepted; the sentence is in the locale files under `errors.`. */
export type PasswordProblem =
  | 'password_too_short'
  | 'password_too_long'
  | 'password_common'
  | 'password_weak'
  | 'password_breached'

export interface PasswordPolicyRules {
  /** Characters as people see them (code points), not UTF-16 units. */
  minLength: number
  /** zxcvbn's score, 0–4: 2 means more than a million guesses; 0 lets everything pass. */
  minStrength: number
  /** The classic rule: upper case, lower case, digit and symbol. */
  needsClasses: boolean
  /** Called last because it may send a request. */
  isBreached?: IsBreached
}

/**
 * Whether a new password is good enough: long enough, not one that people guess, and not known from a breach. Strength is
 * zxcvbn's estimate over a bundled list of 49,000 common passwords; words of the person's own (e-mail, username) count as known to a guesser.
 */
export type PasswordPolicy = (
  password: string,
  own?: readonly (string | undefined)[],
) => Promise<PasswordProblem | undefined>

/** Longest password, in characters: long enough for a phrase, short enough that hashing it is no attack. */
const longest = 128
/** The estimate takes longer the longer the password; this much of one tells enough. */
const judged = 64

export function createPasswordPolicy({
  minLength,
  minStrength,
  needsClasses,
  isBreached,
}: PasswordPolicyRules): PasswordPolicy {
  return async (password, own = []) => {
    const characters = Array.from(password)
    if (characters.length < minLength) return 'password_too_short'
    if (characters.length > longest) return 'password_too_long'
    if (needsClasses && !classes.every((one) => one.test(password))) return 'password_weak'
    if (minStrength > 0 && (await strengthOf(characters, own)) < minStrength)
      return 'password_common'
    return (await isBreached?.(password)) ? 'password_breached' : undefined
  }
}

async function strengthOf(
  characters: readonly string[],
  own: readonly (string | undefined)[],
): Promise<number> {
  const words = own.filter((word) => word !== undefined && word !== '')
  const judgedPart = characters.slice(0, judged).join('')
  return (await estimator()).check(judgedPart, words as string[]).score
}

const classes = [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{L}\p{N}]/u]

let loaded: Promise<ZxcvbnFactory> | undefined

/** The lists take 20 MB and 0.2 s: they are loaded when the first password is made. */
function estimator(): Promise<ZxcvbnFactory> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs })
}
