import { text, type Caller } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { User } from '#storage/users.ts'

/** What anyone who has taken over an open browser or a token must not be able to do: it needs the password, or a fresh sign-in. */
export interface ProofParts {
  /** Applications of others do nothing here on the strength of a sign-in: that needs the password. */
  isFirstParty(clientId: string | undefined): Promise<boolean>
  /** Whether this is the person's password; tries are limited like those of the sign-in. */
  checkPassword(user: User, password: string, address: string): Promise<boolean>
  now(): number
}

/**
 * Passes with the right password, or without one for a sign-in of the last ten minutes. Rejects with `invalid_credentials`,
 * or with RFC 9470's `insufficient_user_authentication`: sign in again, then it will do.
 */
export async function expectProof(
  parts: ProofParts,
  user: User,
  given: { password?: string | undefined; caller: Caller; address: string },
): Promise<void> {
  const { password, caller, address } = given
  if (password !== undefined) {
    if (!(await parts.checkPassword(user, password, address))) throw wrongPassword()
    return
  }
  const isOurs = caller.via === 'session' || (await parts.isFirstParty(caller.clientId))
  const { signedInAt = 0 } = caller
  if (isOurs && parts.now() - signedInAt < freshSeconds * 1000) return
  throw new AppError('insufficient_user_authentication', {
    headers: {
      'WWW-Authenticate': `Bearer error="insufficient_user_authentication", max_age="${freshSeconds}"`,
    },
  })
}

/** For a body: what `expectProof` takes. */
export const currentPassword = text(1024)
  .optional()
  .describe('Not needed within ten minutes of signing in.')

/** Of the routes that ask for proof. */
export const proofProblems = ['invalid_credentials', 'insufficient_user_authentication'] as const

export const wrongPassword = (): AppError => new AppError('invalid_credentials')
