import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { AppError } from '#lib/app-error.ts'
import { isFirstParty } from './clients.ts'
import type { TokenAnswer } from './first-party.ts'

/**
 * Grants of our own at the token endpoint (RFC 6749 §4.5), by which an application of the operator signs a person in
 * without a browser. The client has proven itself when we are called, and must be first-party besides being registered
 * for the grant: anyone who holds such a grant sees no consent page.
 */
export interface ExtensionGrant {
  /** An absolute URI. */
  grantType: string
  parameters: readonly string[]
  /** Rejects with an AppError when there are no tokens for this. */
  exchange(request: ExtensionGrantRequest): Promise<TokenAnswer>
}

export interface ExtensionGrantRequest {
  /** As they came; none is there twice. */
  parameters: Record<string, unknown>
  clientId: string
  address: string
  agent: string
  traceId: string
}

export function registerExtensionGrant(provider: Provider, grant: ExtensionGrant): void {
  provider.registerGrantType(
    grant.grantType,
    async (ctx: KoaContextWithOIDC) => {
      const client = ctx.oidc.client!
      if (!isFirstParty(client))
        throw new errors.UnauthorizedClient('the client is not first-party')
      const { grant_type: _grantType, ...parameters } = ctx.oidc.params ?? {}
      ctx.body = await grant
        .exchange({
          parameters,
          clientId: client.clientId,
          address: String(ctx.state['address']),
          agent: ctx.get('user-agent').slice(0, 255),
          traceId: String(ctx.state['traceId']),
        })
        .catch((error: unknown) => {
          throw refusalOf(ctx, error)
        })
    },
    [...grant.parameters],
    [],
  )
}

/** The failure in the words of RFC 6749 §5.2; what is not the caller's fault stays as it is, see `outages.ts`. */
function refusalOf(ctx: KoaContextWithOIDC, error: unknown): unknown {
  if (!(error instanceof AppError) || error.status >= 500) return error
  ctx.set(error.headers)
  if (error.status === 422) {
    const said = error.problems?.map(({ path, message }) => `${path}: ${message}`).join('; ')
    return new errors.InvalidRequest(said ?? error.code)
  }
  if (error.code === 'invalid_target') return new errors.InvalidTarget('unknown resource')
  const code = error.status === 429 ? 'temporarily_unavailable' : 'invalid_grant'
  const refusal = new errors.CustomOIDCProviderError(code, error.code)
  refusal.status = refusal.statusCode = error.status === 429 ? 429 : 400
  return refusal
}
