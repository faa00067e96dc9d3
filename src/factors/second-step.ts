import { AppError } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'
import { mfaTokenSeconds, type MfaTokens, type PendingSignIn } from './mfa-tokens.ts'
import type { SecondFactor } from './second-factor.ts'

/**
 * Stands between the first factor and the tokens of every JSON sign-in. Resolves when nothing more is due. Rejects with
 * 403 `mfa_required`, an `mfa_token` and the person's `methods` when a second factor is, and with 403
 * `second_factor_missing` when the person must have one and has none: that is set up in the browser.
 */
export type SecondStep = (
  user: User,
  signIn: Omit<PendingSignIn, 'userId' | 'epoch'>,
) => Promise<void>

export interface SecondStepParts {
  secondFactor: Pick<SecondFactor, 'methods'>
  mfaTokens: Pick<MfaTokens, 'issue'>
  /** Whether people with these roles, or at this client, must have a second factor. */
  isRequired(roles: readonly string[], clientId: string | undefined): Promise<boolean>
}

export function createSecondStep(parts: SecondStepParts): SecondStep {
  return async (user, signIn) => {
    if (signIn.amr.includes('mfa')) return
    const methods = await parts.secondFactor.methods(user.id)
    if (methods.length === 0) {
      if (!(await parts.isRequired(user.roles, signIn.clientId))) return
      throw new AppError('second_factor_missing')
    }
    const token = await parts.mfaTokens.issue({
      ...signIn,
      userId: user.id,
      epoch: user.signInEpoch,
    })
    throw new AppError('mfa_required', {
      members: { mfa_token: token, expires_in: mfaTokenSeconds, methods },
    })
  }
}
