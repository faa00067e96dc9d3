import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { sha256 } from '#lib/hashing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './adapter.ts'
import { mayIntrospect } from './clients.ts'
import type { KeySet } from './keys.ts'

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) of JWT access tokens, which the engine answers with
 * `unsupported_token_type`. It says so after it has authenticated the client, and at that point we take over.
 *
 * A JWT is active while its grant stands and its `jti` was not revoked; both are what a resource server that only
 * checks the signature learns no sooner than at `exp`.
 */
export interface JwtTokensParts {
  artifacts: ArtifactStore
  keySet: KeySet
  issuer: string
}

/** The grant that a JWT access token was issued under; a private claim, so that it can be looked up. */
export const grantClaim = 'grant_id'

const introspectionJwt = 'application/token-introspection+jwt'

export function jwtTokens(provider: Provider, { artifacts, keySet, issuer }: JwtTokensParts) {
  const keys = createLocalJWKSet({ keys: keySet.publicJwks })

  /** The claims of a token that we signed and that has not ended; undefined for everything else. */
  const verify = async (token: string): Promise<JWTPayload | undefined> => {
    const verified = await jwtVerify(token, keys, {
      issuer,
      typ: 'at+jwt',
      requiredClaims: ['exp', 'jti'],
    }).catch(() => undefined)
    return verified?.payload
  }

  const isAlive = async ({ jti, [grantClaim]: grantId }: JWTPayload): Promise<boolean> => {
    const [revoked, grant] = await Promise.all([
      artifacts.find('RevokedToken', sha256(String(jti))),
      typeof grantId === 'string' ? artifacts.find('Grant', artifactKey(grantId)) : true,
    ])
    return revoked === undefined && grant !== undefined
  }

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

  const revoke = async (ctx: KoaContextWithOIDC, token: string): Promise<void> => {
    const claims = await verify(token)
    if (!claims || claims['client_id'] !== ctx.oidc.client!.clientId) return
    await artifacts.put('RevokedToken', sha256(String(claims.jti)), {
      payload: '',
      expiresAt: claims.exp! * 1000,
    })
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
      await revoke(ctx, token)
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
