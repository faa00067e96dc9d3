import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { grantClaim, type JwtAccessTokens } from './access-tokens.ts'
import { mayIntrospect } from './clients.ts'

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) of JWT access tokens, which the engine answers with
 * `unsupported_token_type`. It says so after it has authenticated the client, and at that point we take over.
 */
const introspectionJwt = 'application/token-introspection+jwt'

export function jwtTokens(provider: Provider, { verify, isAlive, revoke }: JwtAccessTokens) {
  const introspect = async (ctx: KoaContextWithOIDC, token: string): Promise<object> => {
    const claims = await verify(token)
    if (
      !claims ||
      !mayIntrospect(ctx.oidc.client!, { clientId: claims['client_id'], aud: claims.aud })
    ) {
      return { active: false }
    }
    if (!(await isAlive(claims))) return { active: false }
    const { [grantClaim]: _grant, ...rest } = claims
    return { active: true, ...rest, token_type: claims['cnf'] ? 'DPoP' : 'Bearer' }
  }

  const revokeOwn = async (ctx: KoaContextWithOIDC, token: string): Promise<void> => {
    const claims = await verify(token)
    if (claims && claims['client_id'] === ctx.oidc.client!.clientId) await revoke(claims)
  }

  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if ((ctx.body as { error?: string } | undefined)?.error !== 'unsupported_token_type') return
    const token = String(ctx.oidc.params?.['token'])
    if (ctx.oidc.route === 'introspection') {
      const answer = await introspect(ctx, token)
      ctx.status = 200
      await respond(provider, ctx, answer)
    } else if (ctx.oidc.route === 'revocation') {
      await revokeOwn(ctx, token)
      ctx.status = 200
      ctx.body = ''
    }
  }
}

/** Plain JSON, or a signed JWT (RFC 9701) for a client that asks for one. */
async function respond(provider: Provider, ctx: KoaContextWithOIDC, answer: object): Promise<void> {
  const signed = ctx.oidc.client?.['introspectionSignedResponseAlg'] !== undefined
  if (!signed || ctx.accepts('json', introspectionJwt) !== introspectionJwt) {
    ctx.body = answer
    return
  }
  const jwt = new provider.IdToken({}, { ctx })
  Object.assign(jwt, { extra: { token_introspection: answer, aud: ctx.oidc.client?.clientId } })
  ctx.body = await jwt.issue({ use: 'introspection' })
  ctx.type = `${introspectionJwt}; charset=utf-8`
}
