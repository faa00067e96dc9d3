import type { Router } from '@koa/router'
import type { RequestState } from '#http/context.ts'
import type { Passkeys } from '#factors/passkeys.ts'
import type { Admit } from '#users/admit.ts'
import { passkeyPurpose } from './passkey.ts'
import { jsonOf, type Step, type Steps } from './steps.ts'

/**
 * `POST /interaction/:uid/passkey`: a passkey as the only factor, from the login page. It must have verified its user
 * (fingerprint, face, PIN), so it counts for two.
 */
export interface PasskeyStepParts {
  passkeys: Passkeys
  admit: Admit
}

export function addPasskey(
  router: Router<RequestState>,
  steps: Steps,
  { passkeys, admit }: PasskeyStepParts,
): void {
  const submitPasskey: Step = async (ctx, interaction, fields) => {
    await steps.limit(ctx)
    const response = jsonOf(fields['response'])
    const proof = await passkeys.verify({ response, purpose: passkeyPurpose(interaction) })
    const user = proof && (await admit(proof))
    if (user) return steps.enter(ctx, interaction, { user, amr: proof.amr })
    steps.record(ctx, interaction, { type: 'login.failed', details: { method: 'passkey' } })
    const values = { identifier: '' }
    const errors = { form: 'errors.passkey_wrong' } as const
    await steps.showLogin(ctx, interaction, { values, errors })
  }
  // Where the links to the other language lead after a failure.
  router.get(
    '/passkey',
    steps.show((ctx, interaction) => steps.showLogin(ctx, interaction)),
  )
  router.post('/passkey', steps.submit(submitPasskey))
}
