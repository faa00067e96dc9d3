/** Why a new password is not accepted; the sentence is in the locale files under `errors.`. */
export type PasswordProblem = 'password_too_short' | 'password_too_long'

/** Longest password, in characters: long enough for a phrase, short enough that hashing it is no attack. */
const longest = 128

/** Length is counted in characters as people see them (code points), not in UTF-16 units. */
export function passwordProblem(password: string, minLength: number): PasswordProblem | undefined {
  const length = Array.from(password).length
  if (length < minLength) return 'password_too_short'
  if (length > longest) return 'password_too_long'
  return undefined
}
