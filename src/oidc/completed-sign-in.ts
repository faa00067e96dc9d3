import type { KoaContextWithOIDC } from 'oidc-provider'
import type { User } from '#storage/users.ts'

/** What a step tells of a sign-in; the engine reads some of it, `completedSignIn` the rest. */
export interface LoginResult {
  accountId: string
  /** The account's sign-in epoch when the person showed who they are. */
  epoch?: number | undefined
  /** How they did (RFC 8176). */
  amr: string[]
  /** The provider that vouched for them. */
  provider?: string | undefined
  /** Whether they need not hear of a new device. */
  isQuiet?: boolean | undefined
}

export interface SignInOfBrowser extends Pick<LoginResult, 'amr' | 'provider' | 'isQuiet'> {
  /** As they were before this sign-in. */
  user: User
  clientId: string
}

/**
 * The sign-in that this request completes, when no prompt about the person is due any more. Undefined when a second factor
 * only raised the level of an earlier sign-in, and on the way back from consent, where what earlier steps have found is
 * still there.
 */
export function completedSignIn({ oidc }: KoaContextWithOIDC): SignInOfBrowser | undefined {
  const { result, account, client } = oidc
  const login = result?.login as LoginResult | undefined
  if (!login || !account || !client || result?.['consent'] !== undefined) return undefined
  const second = result?.['second_factor'] as { completes?: boolean } | undefined
  if (second && second.completes !== true) return undefined
  const { amr, provider, isQuiet } = login
  return { user: account['user'] as User, clientId: client.clientId, amr, provider, isQuiet }
}
