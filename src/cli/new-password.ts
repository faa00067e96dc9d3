import { text } from 'node:stream/consumers'
import { newSecret } from '#lib/ids.ts'
import type { PasswordPolicy, PasswordProblem } from '#users/password-policy.ts'

export interface NewPassword {
  password: string
  /** It is ours: anyone who ran the command has not seen it yet. */
  isGenerated: boolean
}

/** A password from standard input (its one line), or a new one. Never from an argument: those are in the list of processes. */
export async function newPassword(
  { passwordStdin = false }: { passwordStdin?: boolean },
  policy: PasswordPolicy,
): Promise<NewPassword> {
  if (!passwordStdin) return { password: newSecret(18), isGenerated: true }
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (/[\r\n]/.test(password)) throw new Error('The password must be one line.')
  const problem = await policy(password)
  if (problem) throw new Error(sentences[problem])
  return { password, isGenerated: false }
}

const sentences: Record<PasswordProblem, string> = {
  password_too_short: 'The password is too short: see PASSWORD_MIN_LENGTH.',
  password_too_long: 'The password is too long: at most 128 characters.',
  password_common: 'The password is one that people guess.',
  password_breached: 'The password is known from a breach of another site.',
  password_weak: 'The password needs upper case, lower case, a digit and a symbol.',
}
