import type { Router } from '@koa/router'
import Koa from 'koa'
import compose from 'koa-compose'
import mount from 'koa-mount'
import { createIdentify, identifyClient } from '#callers/identify.ts'
import { apiTable } from '#compose/api.ts'
import { engineOf } from '#compose/engine.ts'
import { foreignSignInOf } from '#compose/foreign-tokens.ts'
import { limitOf, publicRoutes } from '#compose/pages.ts'
import type { AppParts } from '#compose/parts.ts'
import { signedInRoutes } from '#compose/signed-in-pages.ts'
import { tokenFunctionsOf, type Handle } from '#compose/token-functions.ts'
import { metricsAccess, type Config } from '#config/load.ts'
import type { ForeignSignIn } from '#foreign-tokens/sign-in.ts'
import { apiRoutes, type ApiRoute, type Identify } from '#http/api.ts'
import { assetRoutes } from '#http/assets.ts'
import type { Middleware, RequestState } from '#http/context.ts'
import { docsRoutes } from '#http/docs.ts'
import { errors, logUnanswered } from '#http/errors.ts'
import { healthRoutes } from '#http/health.ts'
import { settleLocale } from '#http/locale.ts'
import { refuseOtherMethods } from '#http/methods.ts'
import { metricsRoutes } from '#http/metrics-routes.ts'
import { createOpenApi } from '#http/openapi.ts'
import { settleOrigin } from '#http/origin.ts'
import { createErrorWords, createShowPage } from '#http/pages.ts'
import { aliasPaths } from '#http/paths.ts'
import { securityHeaders } from '#http/security-headers.ts'
import { spans } from '#http/spans.ts'
import { trace } from '#http/trace.ts'
import type { Engine } from '#oidc/engine.ts'
import { metadata } from '#oidc/metadata.ts'
import { createView } from '#view/render.ts'

/** Where every part meets: a request handler, and the engine inside it. */
export interface App {
  handler: ReturnType<Koa['callback']>
  engine: Engine
}

export async function createApp(parts: AppParts): Promise<App> {
  const { config, log, tracing } = parts
  const { metrics, audit } = parts.services.telemetry
  const { basePath } = config
  const view = createView({ brand: brandOf(config), basePath, development: config.development })
  const showPage = createShowPage(view)
  const words = createErrorWords(showPage)
  const foreign = foreignSignInOf(parts)
  const engine = await engineOf(parts, { showPage, foreign })
  const handle: Handle = (req, res) => void handler(req, res)
  const { identify, table } = tableOf(parts, { engine, foreign, handle })
  const app = new Koa<RequestState>()
  const handler: App['handler'] = (req, res) => callback(req, res)

  const outside: Middleware[] = [
    ...(tracing ? [spans(tracing)] : []),
    metrics.measure,
    trace(log),
    settleOrigin(config.ISSUER, config.TRUSTED_PROXIES),
    securityHeaders(config.ISSUER.startsWith('https:')),
    settleLocale,
    errors(words.page, words.sentences),
    aliasPaths(basePath),
    (_ctx, next) => audit.during(next),
  ]
  const inside: Middleware[] = [
    metadata({ engine, jwksMaxAge: config.JWKS_MAX_AGE_SECONDS }) as Middleware,
    routes(healthRoutes(healthOf(parts, engine))),
    routes(metricsRoutes({ ...metrics, access: metricsAccess(config) })),
    routes(assetRoutes(view)),
    ...publicRoutes(parts, { engine, showPage }).map(routes),
    ...signedInRoutes(parts, { engine, showPage, table }).map(routes),
    ...apiOf(parts, { identify, table }),
    engine.middleware as Middleware,
  ]

  app.proxy = true
  app.keys = engine.provider.keys as string[]
  for (const middleware of outside) app.use(middleware)
  app.use(mount(basePath || '/', compose(inside)))
  app.on('error', logUnanswered(log))
  const callback = app.callback()
  return { handler, engine }
}

const routes = (router: Router<RequestState>): Middleware =>
  router.routes() as unknown as Middleware

const brandOf = (config: Config) => ({
  name: config.BRAND_NAME,
  accent: config.BRAND_ACCENT,
  logoUrl: config.BRAND_LOGO_URL,
})

/** The routes of the JSON API, and who may call them. */
function tableOf(
  parts: AppParts,
  { engine, foreign, handle }: { engine: Engine; foreign: ForeignSignIn; handle: Handle },
): { identify: Identify; table: ApiRoute[] } {
  const { config, storage, services } = parts
  const identify = createIdentify({
    apiKeys: services.apiKeys,
    allowedScopes: services.accounts.allowedScopes,
    users: storage.users,
    jwt: () => engine.jwt,
    resource: config.API_RESOURCE,
    recognize: (token, request) => foreign.recognize(token, request),
  })
  const tokens = tokenFunctionsOf(parts, { engine, handle })
  return { identify, table: apiTable({ ...parts, engine, foreign, identify, tokens }) }
}

function apiOf(
  { config, storage, services, version }: AppParts,
  { identify, table }: ReturnType<typeof tableOf>,
): Middleware[] {
  const document = () => createOpenApi(table, { issuer: config.ISSUER, version })
  const router = apiRoutes(table, {
    identify,
    identifyClient: (id, secret) => identifyClient(storage.clients, { id, secret }),
    limit: (ctx) => limitOf(services, ctx),
  })
  return [
    routes(router),
    refuseOtherMethods(router),
    routes(docsRoutes({ document, basePath: config.basePath })),
  ]
}

const healthOf = ({ storage, version, isDraining }: AppParts, engine: Engine) => ({
  version,
  isDraining,
  check: () => storage.check(),
  pendingMigrations: () => storage.pendingMigrations(),
  hasKeys: () => engine.keySet.publicJwks.length > 0,
})
