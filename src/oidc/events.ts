import type { Logger } from 'pino'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/**
 * The engine's own failures, into our log. Its events are emitted, not awaited, and a listener that throws would turn
 * a good answer into a bad one: ours only log. Answers to clients stay generic; the detail is here.
 */
export function logEngineEvents(provider: Provider, log: Logger): void {
  const logOf = (ctx: KoaContextWithOIDC | undefined): Logger =>
    (ctx?.state['log'] as Logger | undefined) ?? log
  const detailOf = (
    ctx: KoaContextWithOIDC,
    error: Error & { error?: string; error_detail?: string },
  ) => ({
    client_id: ctx.oidc?.client?.clientId,
    error: error.error ?? error.name,
    detail: error.error_detail,
  })

  provider.on('server_error', (ctx, error) => logOf(ctx).error({ err: error }, 'engine failed'))
  provider.on('grant.revoked', (ctx, grantId) =>
    logOf(ctx).info({ grant_id: grantId }, 'grant revoked'),
  )
  provider.on('backchannel.error', (ctx, error, client) =>
    logOf(ctx).warn({ err: error, client_id: client.clientId }, 'back-channel logout failed'),
  )
  const refused = (name: string) => (ctx: KoaContextWithOIDC, error: Error) =>
    logOf(ctx).info(detailOf(ctx, error), name)
  provider.on('authorization.error', refused('authorization refused'))
  provider.on('grant.error', refused('token refused'))
  provider.on('introspection.error', refused('introspection refused'))
  provider.on('revocation.error', refused('revocation refused'))
}
