import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import { isFirstParty } from './clients.ts'

/**
 * The grant that the session already has with this client. One of the operator's own applications gets it here, for
 * all that it asks, so that its people never see a consent page and no redirect is spent on it.
 */
export async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session, provider, result } = ctx.oidc
  if (!client || !session?.accountId) return undefined
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const grant = grantId ? await provider.Grant.find(grantId) : undefined
  return isFirstParty(client) ? grantEverything(ctx, grant) : grant
}

async function grantEverything(
  ctx: KoaContextWithOIDC,
  existing: Grant | undefined,
): Promise<Grant> {
  const { client, session, provider, requestParamOIDCScopes, requestParamClaims, resourceServers } =
    ctx.oidc
  const grant =
    existing ?? new provider.Grant({ accountId: session!.accountId!, clientId: client!.clientId })
  const before = JSON.stringify(grant)
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...requestParamClaims])
  for (const [resource, { scopes }] of Object.entries(resourceServers ?? {})) {
    const asked = [...ctx.oidc.requestParamScopes].filter((scope) => scopes.has(scope))
    if (asked.length > 0) grant.addResourceScope(resource, asked.join(' '))
  }
  if (!existing || JSON.stringify(grant) !== before) await grant.save()
  return grant
}
