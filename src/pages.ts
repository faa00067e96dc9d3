import type { Router } from '@koa/router'
import { recoveryPages } from '#account/recovery-pages.ts'
import { createRelyingParty } from '#demo/relying-party.ts'
import { mailPreviewRoutes } from '#demo/mail-routes.ts'
import { demoRoutes } from '#demo/routes.ts'
import { federationRoutes } from '#federation/routes.ts'
import type { Audit } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { homeRoutes } from '#http/home.ts'
import type { ShowPage } from '#http/pages.ts'
import { createRegisteredHere } from '#http/registered-here.ts'
import { interactionRoutes } from '#interaction/routes.ts'
import type { Engine } from '#oidc/engine.ts'
import { readBrowserSession } from '#oidc/browser-session.ts'
import { partyOf } from '#oidc/pages.ts'
import { createMailView } from '#view/mail.ts'
import type { AppParts } from './app.ts'
import { demoClientId } from './first-start.ts'
import type { Services } from './services.ts'
import { deviceCookieOf } from './strong-sign-in.ts'

/** The pages that people meet, except those that the engine asks for itself. */
export function pageRoutes(
  parts: AppParts,
  { engine, showPage }: { engine: Engine; showPage: ShowPage },
): Router<RequestState>[] {
  return [
    homeRoutes(homeOf(parts, showPage)),
    federationRoutes({
      ...parts.services.federation,
      basePath: parts.config.basePath,
      audit: auditOf(parts.services),
    }),
    interactionRoutes(interactionOf(parts, { engine, showPage })),
    recoveryPages(recoveryOf(parts, { engine, showPage })),
    ...(parts.config.development
      ? [demoOf(parts, showPage), mailPreviewRoutes(mailPreviewOf(parts, showPage))]
      : []),
  ]
}

const homeOf = ({ config, version }: AppParts, showPage: ShowPage) => ({
  issuer: config.ISSUER,
  basePath: config.basePath,
  version,
  hasDemo: config.development,
  showPage,
})

function interactionOf(
  parts: AppParts,
  { engine, showPage }: { engine: Engine; showPage: ShowPage },
): Parameters<typeof interactionRoutes>[0] {
  const { config, storage, services } = parts
  return {
    registeredHere: registeredHereOf(parts),
    ...services,
    ...services.federation,
    identities: storage.identities,
    artifacts: storage.artifacts,
    provider: () => engine.provider,
    recovery: services.recoveryForStrangers,
    hidesTakenEmail: config.EMAIL_VERIFICATION === 'required',
    limit: (address) => services.requestLimits.count(address),
    audit: auditOf(services),
    registrationOpen: config.REGISTRATION === 'open',
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    users: storage.users,
    resources: storage.resources,
    csrf: createCsrf(services.secrets, config.ISSUER),
    basePath: config.basePath,
    partyOf,
    showPage,
    mailMode: config.SIGN_IN_WITH_EMAIL,
    deviceCookie: deviceCookieOf(config),
    secureCookies: config.ISSUER.startsWith('https:'),
  }
}

const registeredHereOf = ({ config }: AppParts) =>
  createRegisteredHere(config.ISSUER.startsWith('https:'))

const recoveryOf = (
  parts: AppParts,
  { engine, showPage }: { engine: Engine; showPage: ShowPage },
): Parameters<typeof recoveryPages>[0] => {
  const { config, services, storage } = parts
  const registeredHere = registeredHereOf(parts)
  return {
    async holdersIn(ctx) {
      const session = await readBrowserSession({ ...storage, provider: engine.provider }, ctx)
      return [registeredHere.accountOf(ctx), session?.accountId].filter((id) => id !== undefined)
    },
    recovery: services.recoveryForStrangers,
    csrf: createCsrf(services.secrets, config.ISSUER),
    basePath: config.basePath,
    passwordMinLength: config.PASSWORD_MIN_LENGTH,
    showPage,
    audit: auditOf(services),
    limit: (ctx) => limitOf(services, ctx),
  }
}

const mailPreviewOf = ({ config }: AppParts, showPage: ShowPage) => ({
  issuer: config.ISSUER,
  basePath: config.basePath,
  render: createMailView(config.BRAND_NAME, config.ISSUER, config.BRAND_ACCENT),
  showPage,
})

function demoOf({ config, services }: AppParts, showPage: ShowPage): Router<RequestState> {
  const relyingParty = createRelyingParty({
    issuer: config.ISSUER,
    clientId: demoClientId,
    resource: config.API_RESOURCE,
    resourceScopes: ['account:read'],
  })
  return demoRoutes({
    relyingParty,
    csrf: createCsrf(services.secrets, config.ISSUER),
    basePath: config.basePath,
    secureCookies: config.ISSUER.startsWith('https:'),
    showPage,
  })
}

const auditOf =
  ({ audit }: Services): Audit =>
  (event, { address, agent, traceId }) =>
    audit.record({ ...event, address, agent, traceId })

/** Counts a request against the limits of its address and tells the caller how many are left. */
export const limitOf = async ({ requestLimits }: Services, ctx: AppContext): Promise<void> =>
  ctx.set(await requestLimits.count(ctx.state.address))
