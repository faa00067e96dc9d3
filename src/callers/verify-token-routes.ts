import { z } from 'zod'
import { looksLikeApiKey } from '#api-keys/keys.ts'
import { route, text, type ApiRoute, type Identify, type RequestFacts } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { JwtAccessTokens } from '#oidc/access-tokens.ts'
import { isActive } from '#storage/active.ts'
import type { ClientStore } from '#storage/clients.ts'
import type { UserStore } from '#storage/users.ts'

/**
 * `POST /auth/verify`: a plain-JSON face of introspection, for resource servers that have never heard of it. The caller
 * is a client with its secret, and learns about tokens for the resources that it serves (`introspection_resources`) and
 * about its own; API keys are credentials for our own API, so they are told to anyone who serves that.
 */
export interface VerifyTokenParts {
  identify: Identify
  jwt(): JwtAccessTokens
  clients: Pick<ClientStore, 'find'>
  users: Pick<UserStore, 'findById'>
  /** The identifier of our own API. */
  resource: string
}

const answer = z.object({
  valid: z.boolean(),
  user_id: z.string().nullable(),
  roles: z.array(z.string()),
  scopes: z.array(z.string()),
  error: z.enum(['invalid_token', 'insufficient_scope']).nullable(),
})

type Verdict = z.infer<typeof answer>

const invalid: Verdict = {
  valid: false,
  user_id: null,
  roles: [],
  scopes: [],
  error: 'invalid_token',
}

export function verifyTokenRoutes(parts: VerifyTokenParts): ApiRoute[] {
  return [
    route({
      tag: 'auth',
      method: 'post',
      path: '/auth/verify',
      access: 'client',
      summary: 'Verify a token or API key: its user, roles and scopes.',
      body: z.object({ token: text(8192).min(1), required_scope: text(256).optional() }),
      answer: {
        status: 200,
        description: 'The result; also 200 if the token is invalid.',
        schema: answer,
      },
      async handle({ body, caller, request }) {
        if (caller.clientId === undefined) throw new AppError('forbidden')
        const verdict = await verdictOf(parts, {
          token: body.token,
          clientId: caller.clientId,
          request,
        })
        const { required_scope: required } = body
        if (!verdict.valid || required === undefined || verdict.scopes.includes(required))
          return verdict
        return { ...verdict, valid: false, error: 'insufficient_scope' } satisfies Verdict
      },
    }),
  ]
}

async function verdictOf(
  parts: VerifyTokenParts,
  { token, clientId, request }: { token: string; clientId: string; request: RequestFacts },
): Promise<Verdict> {
  const { metadata } = (await parts.clients.find(clientId)) ?? {}
  const served = new Set((metadata?.['introspection_resources'] as string[] | undefined) ?? [])
  if (looksLikeApiKey(token)) {
    const caller = served.has(parts.resource) ? await parts.identify(token, request) : undefined
    return caller?.userId === undefined ? invalid : good(parts, caller.userId, [...caller.scopes])
  }
  const claims = await parts.jwt().verify(token)
  const isTheirs = claims && (claims['client_id'] === clientId || served.has(String(claims.aud)))
  if (!isTheirs || !(await parts.jwt().isAlive(claims))) return invalid
  const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : []
  return claims.sub === undefined || claims.sub === claims['client_id']
    ? { valid: true, user_id: null, roles: [], scopes, error: null }
    : good(parts, claims.sub, scopes)
}

/** A person who was banned or erased since has no good token, whatever it says. */
async function good(
  { users }: VerifyTokenParts,
  userId: string,
  scopes: string[],
): Promise<Verdict> {
  const user = await users.findById(userId)
  if (!isActive(user)) return invalid
  return { valid: true, user_id: userId, roles: user.roles, scopes, error: null }
}
