import { acrOf } from '#oidc/acr.ts'
import type { StepResult } from './interaction.ts'

/**
 * The result of a step that has found out who somebody is; it also answers the prompts that led to it. `amr` says how
 * they showed it (RFC 8176): `pwd`, `otp` for a code by mail, `fed` when another provider vouches, or what a passkey
 * proves. Whether that is enough is not the step's to say: the engine's policy asks for more where it is due.
 * `epoch` is the account's sign-in epoch when they did.
 */
export const signedIn = (
  { accountId, epoch }: { accountId: string; epoch: number },
  amr: string[],
): StepResult => ({
  login: { accountId, epoch, amr, acr: acrOf(amr), remember: true },
  select_account: {},
  create: {},
})
