import { z } from 'zod'
import type { RequestFacts } from '#http/api.ts'
import type { User } from '#storage/users.ts'
import type { CompleteSignIn } from './complete-sign-in.ts'
import { presentUser, userSchema } from '#wire/users.ts'

/** How a JSON sign-in ends, whatever it began with: with tokens and the user. */
export interface FinishParts {
  tokens: Pick<TokenFunctions, 'issue'>
  users: { findById(id: string): Promise<User | undefined> }
  completeSignIn: CompleteSignIn
}

/** Where a sign-in leads, and what was shown for it so far (RFC 8176). */
export interface SignInFacts {
  clientId?: string | undefined
  resource?: string | undefined
  amr: string[]
  /** More for the audit log. */
  details?: Record<string, unknown> | undefined
}

/** What the routes need of the engine's tokens. */
export interface TokenFunctions {
  issue(signIn: {
    accountId: string
    /** The account's sign-in epoch when they showed who they are. */
    epoch: number
    clientId?: string | undefined
    resource?: string | undefined
    amr: string[]
    address: string
    agent: string
  }): Promise<Tokens>
  /** Resolves to undefined when the refresh token is not good. */
  refresh(refreshToken: string, request: RequestFacts): Promise<Tokens | undefined>
  end(tokens: {
    accessToken?: string | undefined
    refreshToken?: string | undefined
  }): Promise<boolean>
}

interface Tokens {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  expires_in: number
}

export const tokensSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  scope: z.string().optional(),
})
export const signInSchema = tokensSchema.extend({ user: userSchema })

/** The last step of every JSON sign-in; `user` as they were when they showed who they are. */
export async function finishSignIn(
  { tokens, completeSignIn, users }: FinishParts,
  { user, details, ...signIn }: SignInFacts & { user: User },
  request: RequestFacts,
) {
  const { address, agent } = request
  const { id: accountId, signInEpoch: epoch } = user
  const { amr, clientId } = signIn
  const pair = await tokens.issue({ accountId, epoch, ...signIn, address, agent })
  await completeSignIn({ user, amr, clientId, details }, request)
  return { ...pair, user: presentUser((await users.findById(user.id)) ?? user) }
}
