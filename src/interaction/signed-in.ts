import { acrOf } from '#oidc/acr.ts'
import type { LoginResult } from '#oidc/completed-sign-in.ts'
import type { StepResult } from './interaction.ts'

/**
 * The result of a step that has identified the person; it also answers the prompts that led to it. `amr` is `pwd`,
 * `otp` for a code by mail, `fed` when another provider vouches, or what a passkey proves. Whether that is enough is not
 * the step's to say: the engine's policy asks for more where it is due.
 */
export const signedIn = (login: LoginResult): StepResult => ({
  login: { ...login, acr: acrOf(login.amr), remember: true },
  select_account: {},
  create: {},
})
