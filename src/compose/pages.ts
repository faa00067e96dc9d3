import type { Router } from '@koa/router'
import { recoveryPages } from '#account/recovery-pages.ts'
import { mailPreviewRoutes } from '#demo/mail-routes.ts'
import { createRelyingParty } from '#demo/relying-party.ts'
import { demoRoutes } from '#demo/routes.ts'
import { federationRoutes } from '#federation/routes.ts'
import type { Audit } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { homeRoutes } from '#http/home.ts'
import type { ShowPage } from '#http/pages.ts'
import { createRegisteredHere, type RegisteredHere } from '#http/registered-here.ts'
import { interactionRoutes, type InteractionParts } from '#interaction/routes.ts'
import { readBrowserSession } from '#oidc/browser-session.ts'
import type { Engine } from '#oidc/engine.ts'
import { partyOf } from '#oidc/pages.ts'
import { demoClientId } from '#operations/first-start.ts'
import { createMailView } from '#view/mail.ts'
import type { AppParts } from './parts.ts'
import type { Services } from './services.ts'
import { deviceCookieOf } from './strong-sign-in.ts'

/** What the pages are shown with. */
interface Shown {
  engine: Engine
  showPage: ShowPage
}

/** The pages for people who are not signed in yet, except those that the engine asks for itself. */
export function publicRoutes(parts: AppParts, shown: Shown): Router<RequestState>[] {
  const { config, services, version } = parts
  const { ISSUER: issuer, basePath, development } = config
  const { showPage } = shown
  const { providers, hop, notes, browser } = services.federation
  return [
    homeRoutes({ issuer, basePath, version, hasDemo: development, showPage }),
    federationRoutes({ providers, hop, notes, browser, basePath, audit: auditOf(services) }),
    interactionRoutes(interactionOf(parts, shown)),
    recoveryPages(recoveryOf(parts, shown)),
    ...(development ? demoOf(parts, showPage) : []),
  ]
}

function interactionOf(parts: AppParts, { engine, showPage }: Shown): InteractionParts {
  const { config, storage, services } = parts
  const { accounts, strongSignIn, federation } = services
  return {
    provider: () => engine.provider,
    users: storage.users,
    resources: storage.resources,
    identities: storage.identities,
    artifacts: storage.artifacts,

    authenticate: accounts.authenticate,
    register: accounts.register,
    registrationOpen: config.REGISTRATION === 'open',
    registeredHere: registeredHereOf(parts),
    onboarding: accounts.onboarding,
    recovery: accounts.recoveryForStrangers,
    hidesTakenEmail: config.EMAIL_VERIFICATION === 'required',

    admit: strongSignIn.admit,
    factors: strongSignIn.factors,
    secondFactor: strongSignIn.secondFactor,
    passkeys: strongSignIn.passkeys,
    mailSignIn: strongSignIn.mailSignIn,
    mailMode: config.SIGN_IN_WITH_EMAIL,
    rememberedDevices: strongSignIn.rememberedDevices,
    deviceCookie: deviceCookieOf(config),

    providers: federation.providers,
    hop: federation.hop,
    notes: federation.notes,
    browser: federation.browser,
    signInFederated: federation.signInFederated,

    basePath: config.basePath,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    secureCookies: isSecure(parts),
    csrf: createCsrf(parts.secrets, config.ISSUER),
    limit: (address) => services.limits.requests.count(address),
    audit: auditOf(services),
    partyOf,
    showPage,
  }
}

function recoveryOf(
  parts: AppParts,
  { engine, showPage }: Shown,
): Parameters<typeof recoveryPages>[0] {
  const { config, services, storage } = parts
  const registeredHere = registeredHereOf(parts)
  return {
    async holdersIn(ctx) {
      const session = await readBrowserSession({ ...storage, provider: engine.provider }, ctx)
      return [registeredHere.accountOf(ctx), session?.accountId].filter((id) => id !== undefined)
    },
    recovery: services.accounts.recoveryForStrangers,
    csrf: createCsrf(parts.secrets, config.ISSUER),
    basePath: config.basePath,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    showPage,
    audit: auditOf(services),
    limit: (ctx) => limitOf(services, ctx),
  }
}

/** In development alone: an application to sign in to, and the mails that people get. */
function demoOf(parts: AppParts, showPage: ShowPage): Router<RequestState>[] {
  const { ISSUER: issuer, API_RESOURCE: resource, basePath, ...config } = parts.config
  const relyingParty = createRelyingParty({
    issuer,
    clientId: demoClientId,
    resource,
    resourceScopes: ['account:read'],
  })
  const csrf = createCsrf(parts.secrets, issuer)
  const render = createMailView(config.BRAND_NAME, issuer, config.BRAND_ACCENT)
  return [
    demoRoutes({ relyingParty, csrf, basePath, secureCookies: isSecure(parts), showPage }),
    mailPreviewRoutes({ issuer, basePath, render, showPage }),
  ]
}

const isSecure = ({ config }: AppParts): boolean => config.ISSUER.startsWith('https:')

const registeredHereOf = (parts: AppParts): RegisteredHere => createRegisteredHere(isSecure(parts))

const auditOf =
  ({ telemetry }: Services): Audit =>
  (event, { address, agent, traceId }) =>
    telemetry.audit.record({ ...event, address, agent, traceId })

/** Counts a request against the limits of its address and tells the caller how many are left. */
export const limitOf = async ({ limits }: Services, ctx: AppContext): Promise<void> =>
  ctx.set(await limits.requests.count(ctx.state.address))
