import type { Router } from '@koa/router'
import { identityLinkRoutes } from '#account/identity-link-routes.ts'
import { accountPages, type AccountPageOptions } from '#account/pages.ts'
import { consolePages } from '#console/pages.ts'
import type { ApiRoute } from '#http/api.ts'
import { createCallApi, type CallApi } from '#http/api-client.ts'
import type { RequestState } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import {
  pageRoutes,
  type PageRoute,
  type PageRoutesParts,
  type SignedInPerson,
} from '#http/page-routes.ts'
import type { ShowPage } from '#http/pages.ts'
import { createSignedIn, type SignedIn } from '#http/signed-in.ts'
import { pagesClientId, readBrowserSession, type BrowserSession } from '#oidc/browser-session.ts'
import type { Engine } from '#oidc/engine.ts'
import { firstPartyClientId } from '#oidc/first-party.ts'
import { demandOf } from '#oidc/second-factor-policy.ts'
import { isActive } from '#storage/active.ts'
import type { User } from '#storage/users.ts'
import type { AppParts } from './parts.ts'
import { demoClientId } from '#operations/first-start.ts'
import { secondFactorPolicyOf } from './strong-sign-in.ts'

/** Every page for people who are signed in, as one table. */
export const signedInPages = (
  options: AccountPageOptions & { consoleMaxAge: number; issuer: string },
): PageRoute[] => [
  ...accountPages(options),
  ...consolePages({
    maxAge: options.consoleMaxAge,
    issuer: options.issuer,
    ownClientIds: [firstPartyClientId, pagesClientId, demoClientId],
  }),
]

/** The account centre and the console: pages over the same functions as the JSON API. */
export function signedInRoutes(
  parts: AppParts,
  { engine, showPage, table }: { engine: Engine; showPage: ShowPage; table: readonly ApiRoute[] },
): Router<RequestState>[] {
  const { config, storage, services, secrets, now } = parts
  const { providers, hop, notes, browser } = services.federation
  const signedIn = signedInOf(parts)
  const common = {
    basePath: config.basePath,
    csrf: createCsrf(secrets, config.ISSUER),
    now,
    signInUrl: signedIn.signInUrl,
    readPerson: readerOf(parts, engine, table),
  }
  return [
    signedIn.routes,
    pageRoutes(signedInPages(optionsOf(parts)), { ...common, showPage }),
    identityLinkRoutes({
      ...common,
      providers,
      hop,
      notes,
      browser,
      identities: storage.identities,
      audit: (event, { address, agent, traceId }) =>
        services.telemetry.audit.record({ ...event, address, agent, traceId }),
    }),
  ]
}

/** Who is signed in in the browser that has sent a request, with every factor that is asked of them. */
function readerOf(
  parts: AppParts,
  engine: Engine,
  table: readonly ApiRoute[],
): PageRoutesParts['readPerson'] {
  const { config, storage, services } = parts
  const secondFactor = secondFactorPolicyOf(parts, services.strongSignIn)
  const callApi = createCallApi(table, (address) => services.limits.requests.count(address))
  return async (ctx) => {
    const session = await readBrowserSession({ ...storage, provider: engine.provider }, ctx)
    const user = session && (await storage.users.findById(session.accountId))
    // Compared, because every sign-in may have ended between the two questions.
    if (!session || !isActive(user) || (session.epoch ?? user.signInEpoch) !== user.signInEpoch)
      return undefined
    // A right password makes a session before the second factor is asked for.
    const cookie = (name: string) => ctx.cookies.get(name, { signed: true })
    const facts = { ...session, roles: user.roles, level: 1, cookie }
    if ((await demandOf(secondFactor, facts)) !== 'none') return undefined
    const scopes = await services.accounts.allowedScopes(user.id, config.API_RESOURCE)
    return personOf({ user, session, scopes: new Set(scopes), callApi })
  }
}

/** How our own pages have people sign in. */
export const signedInOf = ({ config, secrets }: AppParts): SignedIn =>
  createSignedIn({
    issuer: config.ISSUER,
    clientId: pagesClientId,
    secrets,
  })

const optionsOf = ({ config, services }: AppParts): Parameters<typeof signedInPages>[0] => ({
  providers: services.federation.providers,
  consoleMaxAge: config.CONSOLE_MAX_AGE_MINUTES * 60,
  eraseAfterDays: config.ERASE_AFTER_DAYS,
  passwordMinLength: config.PASSWORD_MIN_LENGTH,
  issuer: config.ISSUER,
})

interface Facts {
  user: User
  session: BrowserSession
  scopes: ReadonlySet<string>
  callApi: CallApi
}

function personOf({ user, session, scopes, callApi }: Facts): SignedInPerson {
  const { id: userId, signInEpoch: epoch, email, username, nickname } = user
  const identifier = email ?? username ?? ''
  const { key: sessionKey, signedInAt } = session
  const caller = { userId, epoch, scopes, via: 'session', sessionKey, signedInAt } as const
  return {
    userId,
    epoch,
    account: { name: nickname ?? username ?? email ?? userId, identifier },
    locale: user.locale,
    scopes,
    session,
    api: (request) => callApi(caller, request),
  }
}
