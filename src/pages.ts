import type { Router } from '@koa/router'
import { recoveryPages } from '#account/recovery-pages.ts'
import { createRelyingParty } from '#demo/relying-party.ts'
import { demoRoutes } from '#demo/routes.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { homeRoutes } from '#http/home.ts'
import type { ShowPage } from '#http/pages.ts'
import { interactionRoutes } from '#interaction/routes.ts'
import type { Engine } from '#oidc/engine.ts'
import { partyOf } from '#oidc/pages.ts'
import { createTranslator, type Translator } from '#view/translate.ts'
import type { AppParts } from './app.ts'
import { demoClientId } from './first-start.ts'
import { createNewcomers } from './newcomers.ts'
import type { Services } from './services.ts'

/** The pages that people meet, except those that the engine asks for itself. */
export function pageRoutes(
  parts: AppParts,
  { engine, showPage }: { engine: Engine; showPage: ShowPage },
): Router<RequestState>[] {
  const translator = createTranslator()
  return [
    homeRoutes(homeOf(parts, showPage)),
    interactionRoutes(interactionOf(parts, { engine, showPage, translator })),
    recoveryPages(recoveryOf(parts, showPage)),
    ...(parts.config.development ? [demoOf(parts, showPage, translator)] : []),
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
  { config, storage, services }: AppParts,
  { engine, showPage, translator }: { engine: Engine; showPage: ShowPage; translator: Translator },
): Parameters<typeof interactionRoutes>[0] {
  return {
    ...services,
    provider: () => engine.provider,
    ...createNewcomers(config, services),
    hidesTakenEmail: config.EMAIL_VERIFICATION === 'required',
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
): Router<RequestState> {
  const relyingParty = createRelyingParty({
    issuer: config.ISSUER,
    clientId: demoClientId,
    resource: config.API_RESOURCE,
    resourceScopes: ['account:read'],
  })
  return demoRoutes({
    relyingParty,
    csrf: createCsrf(services.secrets[0], config.ISSUER),
    basePath: config.basePath,
    secureCookies: config.ISSUER.startsWith('https:'),
    showPage,
    translate: (ctx, key) => translator.translate(ctx.state.locale, key),
  })
}

/** Counts a request against the limits of its address and tells the caller how many are left. */
export const limitOf = async ({ requestLimits }: Services, ctx: AppContext): Promise<void> =>
  ctx.set(await requestLimits.count(ctx.state.address))
