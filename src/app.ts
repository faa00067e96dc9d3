import type { Router } from '@koa/router'
import Koa from 'koa'
import compose from 'koa-compose'
import mount from 'koa-mount'
import type { Logger } from 'pino'
import type { TrustedIssuer } from '#config/issuer-entry.ts'
import { metricsAccess, type Config } from '#config/load.ts'
import type { ForeignSignIn } from '#federation/foreign-sign-in.ts'
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
import type { Tracing } from '#lib/tracing.ts'
import type { Engine } from '#oidc/engine.ts'
import { metadata } from '#oidc/metadata.ts'
import type { Storage } from '#storage/storage.ts'
import { createView } from '#view/render.ts'
import { apiTable } from './api.ts'
import { createIdentify, identifyClient } from './identify.ts'
import { engineOf } from './engine.ts'
import { exchangeOf, foreignOf } from './foreign.ts'
import { limitOf, pageRoutes } from './pages.ts'
import { signedInRoutes } from './signed-in-pages.ts'
import type { Services } from './services.ts'

/** Where every part meets: configuration, storage and services in; a request handler out. */
export interface AppParts {
  config: Config
  storage: Storage
  services: Services
  log: Logger
  /** Nobody but us, when absent. */
  trustedIssuers?: readonly TrustedIssuer[]
  version: string
  isDraining(): boolean
  /** Absent if requests are not traced. */
  tracing?: Tracing | undefined
}

/** What the engine is made of: no server stands around it yet. */
export type EngineParts = Omit<AppParts, 'version' | 'isDraining' | 'tracing'>

export interface App {
  handler: ReturnType<Koa['callback']>
  engine: Engine
}

export async function createApp(parts: AppParts): Promise<App> {
  const { config, services, log, tracing } = parts
  const { basePath } = config
  const view = createView({ brand: brandOf(config), basePath, development: config.development })
  const showPage = createShowPage(view)
  const words = createErrorWords(showPage)
  const foreign = foreignOf(parts)
  const engine = await engineOf(parts, { showPage, foreignTokens: exchangeOf(parts, foreign) })
  const handle: ApiParts['handle'] = (req, res) => void handler(req, res)
  const { identify, table } = tableOf(parts, { engine, foreign, handle })
  const app = new Koa<RequestState>()
  const handler: App['handler'] = (req, res) => callback(req, res)

  const outside: Middleware[] = [
    ...(tracing ? [spans(tracing)] : []),
    services.metrics.measure,
    trace(log),
    settleOrigin(config.ISSUER, config.TRUSTED_PROXIES),
    securityHeaders(config.ISSUER.startsWith('https:')),
    settleLocale,
    errors(words.page, words.sentences),
    aliasPaths(basePath),
    (_ctx, next) => services.audit.during(next),
  ]
  const inside: Middleware[] = [
    metadata({ engine, jwksMaxAge: config.JWKS_MAX_AGE_SECONDS }) as Middleware,
    routes(healthRoutes(healthOf(parts, engine))),
    routes(metricsRoutes({ ...services.metrics, access: metricsAccess(config) })),
    routes(assetRoutes(view)),
    ...pageRoutes(parts, { engine, showPage }).map(routes),
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

type ApiParts = Parameters<typeof apiTable>[0]

/** The routes of the JSON API, and who may call them. */
function tableOf(
  { config, storage, services }: AppParts,
  { engine, foreign, handle }: Pick<ApiParts, 'engine' | 'handle'> & { foreign: ForeignSignIn },
): { identify: Identify; table: ApiRoute[] } {
  const identify = createIdentify({
    ...services,
    users: storage.users,
    jwt: () => engine.jwt,
    resource: config.API_RESOURCE,
    recognize: (token, request) => foreign.recognize(token, request),
  })
  return {
    identify,
    table: apiTable({ config, storage, services, engine, foreign, identify, handle }),
  }
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
