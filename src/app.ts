import type { Router } from '@koa/router'
import Koa from 'koa'
import compose from 'koa-compose'
import mount from 'koa-mount'
import type { Logger } from 'pino'
import type { Config } from '#config/load.ts'
import { createRelyingParty } from '#demo/relying-party.ts'
import { demoRoutes } from '#demo/routes.ts'
import { recoveryPages } from '#account/recovery-pages.ts'
import { apiRoutes } from '#http/api.ts'
import { assetRoutes } from '#http/assets.ts'
import type { AppContext, Middleware, RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { docsRoutes } from '#http/docs.ts'
import { errors } from '#http/errors.ts'
import { healthRoutes } from '#http/health.ts'
import { homeRoutes } from '#http/home.ts'
import { settleLocale } from '#http/locale.ts'
import { createOpenApi } from '#http/openapi.ts'
import { settleOrigin } from '#http/origin.ts'
import { createErrorWords, createShowPage, type ShowPage } from '#http/pages.ts'
import { aliasPaths } from '#http/paths.ts'
import { securityHeaders } from '#http/security-headers.ts'
import { trace } from '#http/trace.ts'
import { interactionRoutes } from '#interaction/routes.ts'
import { createJwtAccessTokens } from '#oidc/access-tokens.ts'
import { startEngine, type Engine } from '#oidc/engine.ts'
import { watchEngine } from '#oidc/events.ts'
import { metadata } from '#oidc/metadata.ts'
import { partyOf } from '#oidc/pages.ts'
import { createProvider } from '#oidc/provider.ts'
import type { Storage } from '#storage/storage.ts'
import { createView } from '#view/render.ts'
import { createTranslator, type Translator } from '#view/translate.ts'
import { apiTable, registeredOf } from './api.ts'
import { demoClientId } from './first-start.ts'
import { createIdentify, identifyClient, keyFacts } from './identify.ts'
import type { Services } from './services.ts'

/** Where every part meets: configuration, storage and services in; a request handler out. */
export interface AppParts {
  config: Config
  storage: Storage
  services: Services
  log: Logger
  version: string
  isDraining(): boolean
}

export interface App {
  handler: ReturnType<Koa['callback']>
  engine: Engine
}

export async function createApp(parts: AppParts): Promise<App> {
  const { config, log } = parts
  const { basePath } = config
  const view = createView({ brand: brandOf(config), basePath, development: config.development })
  const translator = createTranslator()
  const showPage = createShowPage(view)
  const words = createErrorWords(showPage, translator)
  const engine = await engineOf(parts, showPage)
  const app = new Koa<RequestState>()
  const handler: App['handler'] = (req, res) => callback(req, res)

  const outside: Middleware[] = [
    trace(log),
    settleOrigin(config.ISSUER, config.TRUSTED_PROXIES),
    securityHeaders(config.ISSUER.startsWith('https:')),
    settleLocale,
    errors(words.page, words.sentences),
    aliasPaths(basePath),
  ]
  const inside: Middleware[] = [
    metadata({ engine, jwksMaxAge: config.JWKS_MAX_AGE_SECONDS }) as Middleware,
    routes(healthRoutes(healthOf(parts, engine))),
    routes(assetRoutes(view)),
    routes(homeRoutes(homeOf(parts, showPage))),
    routes(interactionRoutes(interactionOf(parts, { engine, showPage, translator }))),
    routes(recoveryPages(recoveryOf(parts, showPage))),
    ...apiOf(parts, { engine, handler }),
    ...(config.development ? [demoOf(parts, showPage, translator)] : []),
    engine.middleware as Middleware,
  ]

  app.proxy = true
  app.keys = engine.provider.keys as string[]
  for (const middleware of outside) app.use(middleware)
  app.use(mount(basePath || '/', compose(inside)))
  app.on('error', (error) => log.error({ err: error }, 'connection failed'))
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

const homeOf = ({ config, version }: AppParts, showPage: ShowPage) => ({
  issuer: config.ISSUER,
  basePath: config.basePath,
  version,
  hasDemo: config.development,
  showPage,
})

function interactionOf(
  { config, storage, services }: AppParts,
  { engine, showPage, translator }: { engine: Engine; showPage: ShowPage; translator: Translator },
): Parameters<typeof interactionRoutes>[0] {
  return {
    ...services,
    provider: () => engine.provider,
    registered: registeredOf({ config, services }),
    needsVerification: (user) => config.EMAIL_VERIFICATION === 'required' && !user.emailVerified,
    limit: (address) => services.requestLimits.count(address),
    audit: (event, { address, agent, traceId }) =>
      services.audit.record({ ...event, address, agent, traceId }),
    registrationOpen: config.REGISTRATION === 'open',
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    users: storage.users,
    resources: storage.resources,
    csrf: createCsrf(services.secrets[0], config.ISSUER),
    translator,
    basePath: config.basePath,
    partyOf,
    showPage,
  }
}

function apiOf(
  { config, storage, services, version }: AppParts,
  { engine, handler }: { engine: Engine; handler: App['handler'] },
): Middleware[] {
  const identify = createIdentify({
    ...services,
    jwt: () => engine.jwt,
    clients: storage.clients,
    resource: config.API_RESOURCE,
  })
  const table = apiTable({
    config,
    storage,
    services,
    engine,
    identify,
    handle: (req, res) => void handler(req, res),
  })
  const document = createOpenApi(table, { issuer: config.ISSUER, version })
  return [
    routes(
      apiRoutes(table, {
        identify,
        identifyClient: (id, secret) => identifyClient(storage.clients, { id, secret }),
        limit: (ctx) => limitOf(services, ctx),
      }),
    ),
    routes(docsRoutes({ document, basePath: config.basePath })),
  ]
}

const limitOf = async ({ requestLimits }: Services, ctx: AppContext): Promise<void> =>
  ctx.set(await requestLimits.count(ctx.state.address))

const recoveryOf = (
  { config, services }: AppParts,
  showPage: ShowPage,
): Parameters<typeof recoveryPages>[0] => ({
  recovery: services.recovery,
  csrf: createCsrf(services.secrets[0], config.ISSUER),
  basePath: config.basePath,
  passwordMinLength: config.PASSWORD_MIN_LENGTH,
  showPage,
  audit: (event, { address, agent, traceId }) =>
    services.audit.record({ ...event, address, agent, traceId }),
  limit: (ctx) => limitOf(services, ctx),
})

function demoOf(
  { config, services }: AppParts,
  showPage: ShowPage,
  translator: Translator,
): Middleware {
  const relyingParty = createRelyingParty({
    issuer: config.ISSUER,
    clientId: demoClientId,
    resource: config.API_RESOURCE,
    resourceScopes: ['account:read'],
  })
  return routes(
    demoRoutes({
      relyingParty,
      csrf: createCsrf(services.secrets[0], config.ISSUER),
      basePath: config.basePath,
      secureCookies: config.ISSUER.startsWith('https:'),
      showPage,
      translate: (ctx, key) => translator.translate(ctx.state.locale, key),
    }),
  )
}

function engineOf(
  { config, storage, services, log }: AppParts,
  showPage: ShowPage,
): Promise<Engine> {
  const { secrets, now, permittedScopes, audit } = services
  const { API_RESOURCE: resource, ISSUER: issuer } = config
  const { artifacts, resources } = storage
  const isKeyAlive = async (id: string): Promise<boolean> =>
    (await storage.apiKeys.find(id)) !== undefined
  const apiKeys = {
    resource,
    resources,
    check: (key: string) => keyFacts({ ...services, resource }, key),
  }
  return startEngine({
    keys: services.keys,
    pollMs: config.KEY_POLL_SECONDS * 1000,
    createJwt: (keySet) => createJwtAccessTokens({ artifacts, keySet, issuer, isKeyAlive }),
    createProvider(keySet, jwt) {
      const provider = createProvider({
        config,
        secrets,
        storage,
        keySet,
        jwt,
        apiKeys,
        showPage,
        permittedScopes,
        now,
      })
      watchEngine(provider, { log, audit: (event) => audit.record(event) })
      return provider
    },
    onRefreshError: (error) => log.error({ err: error }, 'cannot look for rotated keys'),
  })
}

const healthOf = ({ storage, version, isDraining }: AppParts, engine: Engine) => ({
  version,
  isDraining,
  check: () => storage.check(),
  pendingMigrations: () => storage.pendingMigrations(),
  hasKeys: () => engine.keySet.publicJwks.length > 0,
})
