import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { completedSignIn, type SignInOfBrowser } from './completed-sign-in.ts'
import { createSecondFactorPrompt, type SecondFactorPolicy } from './second-factor-policy.ts'

/**
 * The order of what a person may be asked, and our dispatcher: after every step the engine looks at this list again
 * and sends the browser to the first prompt that is still due. Steps do not know one another.
 */
export interface PolicyParts {
  secondFactor: SecondFactorPolicy
  /** What follows when a person has signed in, once for each sign-in. */
  signedIn(signIn: SignInOfBrowser, ctx: KoaContextWithOIDC): Promise<void>
}

export function createPolicy({
  secondFactor,
  signedIn,
}: PolicyParts): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  const { prompt, freshness } = createSecondFactorPrompt(secondFactor, async (ctx) => {
    const signIn = completedSignIn(ctx)
    if (signIn) await signedIn(signIn, ctx)
  })
  const { checks } = policy.get('login')!
  checks.add(accountIsGone)
  checks.add(freshness)
  // A password does not raise the level; the second factor does, and its prompt knows what was asked.
  checks.remove('essential_acr')
  checks.remove('essential_acrs')
  policy.add(prompt, 1)
  // OpenID Connect Initiating User Registration 1.0: prompt=create opens the registration form.
  policy.add(new interactionPolicy.Prompt({ name: 'create', requestable: true }), 0)
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 1)
  return policy
}

/** Someone who was banned or erased still has a session in their browser; to the engine it is a person without a grant. */
const accountIsGone = new interactionPolicy.Check(
  'account_gone',
  'the account of the session is gone',
  'login_required',
  ({ oidc }) =>
    oidc.session?.accountId !== undefined && !oidc.account
      ? interactionPolicy.Check.REQUEST_PROMPT
      : interactionPolicy.Check.NO_NEED_TO_PROMPT,
)
