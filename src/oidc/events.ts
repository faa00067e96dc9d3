import type { Logger } from 'pino'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AuditNote } from '#http/audit.ts'
import { exchangedSubject } from './token-exchange.ts'
import { whenCommitted } from './unit-of-work.ts'

/**
 * What happens in the engine, into our log and the audit log. Its events are emitted, not awaited, and a listener that throws would turn
 * a good answer into a bad one: ours only take notes. Answers to clients stay generic; the detail is here.
 */
export interface EngineWatch {
  log: Logger
  audit(event: EngineEvent): void
}

/** What the audit log is told of the engine. */
export interface EngineEvent extends AuditNote {
  address?: string
  agent?: string
  traceId?: string
}

export function watchEngine(provider: Provider, { log, audit }: EngineWatch): void {
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
  const record = (ctx: KoaContextWithOIDC, event: EngineEvent): void =>
    audit({
      clientId: ctx.oidc?.client?.clientId,
      address: ctx.ip,
      agent: ctx.get('user-agent').slice(0, 255),
      traceId: String(ctx.state['traceId']),
      ...event,
    })
  provider.on('grant.success', (ctx) => {
    const { Account, Client } = ctx.oidc.entities
    const exchanged = exchangedSubject(ctx)
    const details = {
      ...exchanged?.details,
      grant_type: ctx.oidc.params?.['grant_type'],
      scope: (ctx.body as { scope?: string }).scope,
    }
    whenCommitted(() =>
      record(ctx, {
        type: exchanged ? 'token.exchanged' : 'token.issued',
        actor: Account?.accountId ?? `client:${Client?.clientId}`,
        details,
      }),
    )
  })
  provider.on('end_session.success', (ctx) => {
    const actor = ctx.oidc.session?.accountId
    whenCommitted(() => record(ctx, { type: 'logout', actor }))
  })
  provider.on('grant.revoked', (ctx, grantId) => {
    record(ctx, { type: 'grant.revoked', target: `grant:${grantId}` })
  })

  const refused = (name: string) => (ctx: KoaContextWithOIDC, error: Error) =>
    logOf(ctx).info(detailOf(ctx, error), name)
  provider.on('authorization.error', refused('authorization refused'))
  provider.on('grant.error', refused('token refused'))
  provider.on('introspection.error', refused('introspection refused'))
  provider.on('revocation.error', refused('revocation refused'))
}
