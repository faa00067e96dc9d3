import type { Router } from '@koa/router'
import Koa from 'koa'
import compose from 'koa-compose'
import mount from 'koa-mount'
import type { Logger } from 'pino'
import type { Config } from '#config/load.ts'
import { createRelyingParty } from '#demo/relying-party.ts'
import { demoRoutes } from '#demo/routes.ts'
import { assetRoutes } from '#http/assets.ts'
import type { Middleware, RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { errors } from '#http/errors.ts'
import { healthRoutes } from '#http/health.ts'
import { homeRoutes } from '#http/home.ts'
import { settleLocale } from '#http/locale.ts'
import { settleOrigin } from '#http/origin.ts'
import { createErrorWords, createShowPage, type ShowPage } from '#http/pages.ts'
import { aliasPaths } from '#http/paths.ts'
import { securityHeaders } from '#http/security-headers.ts'
import { trace } from '#http/trace.ts'
import { interactionRoutes } from '#interaction/routes.ts'
import type { SendMail } from '#mail/mailer.ts'
import type { Clock } from '#lib/clock.ts'
import { startEngine, type Engine } from '#oidc/engine.ts'
import { logEngineEvents } from '#oidc/events.ts'
import type { Keys } from '#oidc/keys.ts'
import { metadata } from '#oidc/metadata.ts'
import { partyOf } from '#oidc/pages.ts'
import { createProvider } from '#oidc/provider.ts'
import type { Storage } from '#storage/storage.ts'
import type { User } from '#storage/users.ts'
import { createAuthenticate } from '#users/authenticate.ts'
import type { Passwords } from '#users/passwords.ts'
import type { Register } from '#users/register.ts'
import { createView } from '#view/render.ts'
import { createMailView } from '#view/mail.ts'
import { createTranslator, type Locale, type Translator } from '#view/translate.ts'

import { demoClientId } from './first-start.ts'

/** Where every part meets: configuration, storage and keys in; a request handler out. */
export interface AppParts {
  config: Config
  /** Newest first; see `config/development-secret.ts`. */
  secrets: readonly [string, ...string[]]
  storage: Storage
  keys: Keys
  passwords: Passwords
  register: Register
  sendMail: SendMail
  log: Logger
  now: Clock
  version: string
  isDraining(): boolean
}

export interface App {
  handler: ReturnType<Koa['callback']>
  engine: Engine
}

export async function createApp(parts: AppParts): Promise<App> {
  const { config, storage, log } = parts
  const { basePath } = config
  const view = createView({ brand: brandOf(config), basePath, development: config.development })
  const translator = createTranslator()
  const showPage = createShowPage(view)
  const words = createErrorWords(showPage, translator)
  const engine = await engineOf(parts, showPage)

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
    routes(
      homeRoutes({
        issuer: config.ISSUER,
        basePath,
        version: parts.version,
        hasDemo: config.development,
        showPage,
      }),
    ),
    routes(
      interactionRoutes({
        provider: () => engine.provider,
        authenticate: createAuthenticate(storage.users, parts.passwords),
        register: parts.register,
        welcome: welcomeOf(parts),
        registrationOpen: config.REGISTRATION === 'open',
        passwordMinLength: config.PASSWORD_MIN_LENGTH,
        users: storage.users,
        resources: storage.resources,
        csrf: createCsrf(parts.secrets[0], config.ISSUER),
        translator,
        basePath,
        partyOf,
        showPage,
      }),
    ),
    ...(config.development ? [demoOf(parts, showPage, translator)] : []),
    engine.middleware as Middleware,
  ]

  const app = new Koa<RequestState>()
  app.proxy = true
  app.keys = engine.provider.keys as string[]
  for (const middleware of outside) app.use(middleware)
  app.use(mount(basePath || '/', compose(inside)))
  app.on('error', (error) => log.error({ err: error }, 'connection failed'))
  return { handler: app.callback(), engine }
}

const routes = (router: Router<RequestState>): Middleware =>
  router.routes() as unknown as Middleware

const brandOf = (config: Config) => ({
  name: config.BRAND_NAME,
  accent: config.BRAND_ACCENT,
  logoUrl: config.BRAND_LOGO_URL,
})

function demoOf(
  { config, secrets }: AppParts,
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
      csrf: createCsrf(secrets[0], config.ISSUER),
      basePath: config.basePath,
      secureCookies: config.ISSUER.startsWith('https:'),
      showPage,
      translate: (ctx, key) => translator.translate(ctx.state.locale, key),
    }),
  )
}

/** A new person's first mail. A mail server that is away costs the mail, never the account. */
function welcomeOf({ config, sendMail, log }: AppParts): (user: User, locale: Locale) => void {
  const render = createMailView(config.BRAND_NAME, config.ISSUER)
  return ({ email }, locale) => {
    if (email === undefined) return
    const mail = { to: email, ...render('welcome', { email }, locale) }
    sendMail(mail).catch((error: unknown) => log.warn({ err: error }, 'mail was not sent'))
  }
}

function engineOf(
  { config, secrets, storage, keys, log, now }: AppParts,
  showPage: ShowPage,
): Promise<Engine> {
  return startEngine({
    keys,
    pollMs: config.KEY_POLL_SECONDS * 1000,
    createProvider(keySet) {
      const provider = createProvider({ config, secrets, storage, keySet, showPage, now })
      logEngineEvents(provider, log)
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
