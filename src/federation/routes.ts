import { Router } from '@koa/router'
import type { Audit } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { factsOf } from '#http/api.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { SameBrowser } from '#http/same-browser.ts'
import { AppError } from '#lib/app-error.ts'
import type { Arrived, Hop } from './hop.ts'
import type { Notes } from './notes.ts'
import type { Providers } from './registry.ts'

/**
 * `/oauth/:provider/login` and `/oauth/:provider/callback`. The callback is open to anyone who holds the cookie of the
 * browser that began, once; any other costs one look-up, and reads a page. Who has arrived is noted down, and the
 * browser goes on to where it began: only there is it known what an arrival is good for.
 */
export interface FederationRouteParts {
  providers: Pick<Providers, 'find'>
  hop: Hop
  notes: Notes
  browser: SameBrowser
  basePath: string
  audit: Audit
}

export function federationRoutes(parts: FederationRouteParts): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/oauth/:provider' })
  const { basePath } = parts
  const providerOf = (ctx: { params: Record<string, string> }) =>
    parts.providers.find(ctx.params['provider'] ?? '')

  // An authorization request that skips the login page; the authorize endpoint checks all of it.
  router.get('/login', (ctx, next) => {
    const provider = providerOf(ctx)
    if (!provider) return next()
    const parameters = new URLSearchParams(ctx.querystring)
    if (!parameters.has('client_id') || !parameters.has('redirect_uri'))
      throw new AppError('app_request')
    parameters.set('identity_provider', provider.id)
    if (!parameters.has('response_type')) parameters.set('response_type', 'code')
    if (!parameters.has('scope')) parameters.set('scope', 'openid')
    return see(ctx, `${basePath}/oauth/authorize?${parameters.toString()}`)
  })

  router.get('/callback', async (ctx, next) => {
    const provider = providerOf(ctx)
    if (!provider) return next()
    const browser = parts.browser.recognise(ctx)
    const arrived = await parts.hop.arrive(provider.id, single(ctx.query), browser)
    if (!arrived) throw new AppError('session_expired')
    return see(ctx, basePath + (await wayOn(ctx, parts, { arrived, browser })))
  })

  // Apple answers with a form from its own site, to which the browser adds no cookie of ours. It comes again by GET,
  // which the browser takes for a link, and then the cookie is there; nothing happens before.
  router.post('/callback', parseForm(), (ctx, next) => {
    const provider = providerOf(ctx)
    if (!provider) return next()
    const fields = formFields(ctx)
    const kept = ['code', 'state', 'user', 'error', 'iss'].flatMap((name): [string, string][] =>
      fields[name] === undefined ? [] : [[name, fields[name].slice(0, 2048)]],
    )
    return see(
      ctx,
      `${basePath}/oauth/${provider.id}/callback?${new URLSearchParams(kept).toString()}`,
    )
  })
  return router
}

async function wayOn(
  ctx: AppContext,
  { notes, audit }: FederationRouteParts,
  { arrived, browser }: { arrived: Arrived; browser: string },
): Promise<string> {
  const { purpose, provider, outcome } = arrived
  const isSignIn = purpose.kind === 'sign-in'
  if ('seen' in outcome) {
    const ticket = await notes.write(
      { purpose, providerId: provider.id, seen: outcome.seen, trustsEmail: provider.trustsEmail },
      browser,
    )
    const next = isSignIn ? `/interaction/${purpose.uid}/federated` : '/account/identities/link'
    return `${next}?ticket=${ticket}`
  }
  const { reason, message, cause } = outcome.failure
  ctx.state.log.warn({ provider: provider.id, reason, detail: message, err: cause }, 'no arrival')
  if (isSignIn && reason !== 'cancelled')
    audit({ type: 'login.failed', details: { provider: provider.id, reason } }, factsOf(ctx))
  const back = isSignIn ? `/interaction/${purpose.uid}/login` : '/account/identities'
  return `${back}?problem=${reason}&provider=${provider.id}`
}

/** RFC 9110 §15.4.4: go and see, by GET. */
function see(ctx: Pick<AppContext, 'redirect' | 'status' | 'set'>, location: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.redirect(location)
  ctx.status = 303
}

/** The first of each; a parameter that comes twice is none of OAuth (RFC 6749 §3.1). */
const single = (query: AppContext['query']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !entry[1].includes('\0'),
    ),
  )
