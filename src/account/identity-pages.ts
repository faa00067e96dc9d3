import { Router } from '@koa/router'
import type { Hop, Purpose } from '#federation/hop.ts'
import type { Notes } from '#federation/notes.ts'
import { UpstreamFailure } from '#federation/providers/upstream.ts'
import type { Providers } from '#federation/registry.ts'
import { iconOf, showProvider } from '#federation/shown.ts'
import { storable } from '#federation/sign-in.ts'
import { factsOf, type RequestFacts } from '#http/api.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import type { Csrf } from '#http/csrf.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { ShowPage } from '#http/pages.ts'
import type { SameBrowser } from '#http/same-browser.ts'
import { AppError } from '#lib/app-error.ts'
import type { BrowserSession } from '#oidc/browser-session.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { Identity, IdentityStore, SeenIdentity } from '#storage/identities.ts'
import type { UserStore } from '#storage/users.ts'
import type { PageProps } from '#view/pages.ts'
import type { MessageKey, Translator } from '#view/translate.ts'
import { unlink } from './identity-routes.ts'

/**
 * `/account/identities`: a person who is signed in links accounts elsewhere to theirs and takes them away again. For
 * whoever holds the session of the browser and has signed in a short while ago; anybody else is sent to sign in first,
 * as an application would send them. Every POST carries a token bound to the session; what comes back from a provider
 * is linked only to the account that had sent it there.
 */
export interface IdentityPagesParts {
  /** The session of the browser; undefined when nobody is signed in. */
  session(ctx: AppContext): Promise<BrowserSession | undefined>
  users: Pick<UserStore, 'findById'>
  identities: Pick<IdentityStore, 'link' | 'listByUser' | 'unlink'>
  providers: Pick<Providers, 'list' | 'find'>
  hop: Hop
  notes: Notes
  browser: SameBrowser
  csrf: Csrf
  translator: Translator
  showPage: ShowPage
  /** Where a browser is sent to sign in and from where it comes back to `path`; seconds. */
  signInUrl(path: string, options: { maxAge: number | undefined }): string
  basePath: string
  now(): number
  audit(
    event: { type: string; actor: string; target: string; details: Record<string, unknown> },
    request: RequestFacts,
  ): void
}

const recentMs = 15 * 60_000
const hopProblems: Record<string, MessageKey> = {
  cancelled: 'errors.provider_cancelled',
  failed: 'errors.provider_failed',
  unavailable: 'errors.provider_unavailable',
}
const refusals: Record<string, MessageKey> = {
  identity_taken: 'errors.identity_taken',
  last_sign_in_method: 'errors.last_sign_in_method',
}

export function identityPages(parts: IdentityPagesParts): Router<RequestState> {
  const { basePath, browser } = parts
  const home = `${basePath}/account/identities`
  const router = new Router<RequestState>({ prefix: '/account' })

  const show = async (
    ctx: AppContext,
    session: BrowserSession,
    error?: PageProps['account-identities']['error'],
  ): Promise<void> => {
    const linked = await parts.identities.listByUser(session.accountId)
    parts.showPage(ctx, 'account-identities', {
      csrf: parts.csrf.token(bindingOf(session)),
      unlinkAction: `${home}/unlink`,
      linked: linked.map((one) => describe(parts, ctx, one)),
      providersAction: `${home}/link`,
      providers: parts.providers
        .list(ctx.get('user-agent'))
        .map((one) => showProvider(one, parts.translator, ctx.state.locale)),
      error: error ?? problemOf(parts, ctx),
    })
  }
  /** Whoever is signed in, and was so a short while ago; else the way to sign in, and undefined. */
  const admit = async (ctx: AppContext): Promise<BrowserSession | undefined> => {
    const session = await parts.session(ctx)
    const user = session && (await parts.users.findById(session.accountId))
    const isRecent = session && parts.now() - session.signedInAt < recentMs
    if (user && user.bannedAt === undefined && isRecent) return session
    see(ctx, parts.signInUrl(home, { maxAge: recentMs / 1000 - 60 }))
    return undefined
  }
  const guarded =
    (page: (ctx: AppContext, session: BrowserSession) => Promise<void>) =>
    async (ctx: AppContext) => {
      const session = await admit(ctx)
      if (session) await page(ctx, session)
    }
  const submit = (
    step: (
      ctx: AppContext,
      session: BrowserSession,
      fields: Record<string, string>,
    ) => Promise<void>,
  ) =>
    guarded(async (ctx, session) => {
      const fields = formFields(ctx)
      parts.csrf.check(ctx, bindingOf(session), fields['csrf'])
      await step(ctx, session, fields)
    })
  const record = (
    ctx: AppContext,
    { accountId: userId }: BrowserSession,
    { type, provider }: { type: string; provider: string },
  ): void =>
    parts.audit(
      { type, actor: userId, target: `user:${userId}`, details: { provider } },
      factsOf(ctx),
    )

  router.get(
    '/identities',
    guarded((ctx, session) => show(ctx, session)),
  )
  router.post(
    '/identities/link',
    parseForm(),
    submit(async (ctx, session, { provider: id = '' }) => {
      const provider = parts.providers.find(id, ctx.get('user-agent'))
      if (!provider) throw new AppError('not_found', 404)
      try {
        const purpose = { kind: 'link', userId: session.accountId } as const
        see(ctx, await parts.hop.begin(provider, purpose, browser.begin(ctx)))
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error
        see(ctx, `${home}?problem=${error.reason}&provider=${provider.id}`)
      }
    }),
  )
  router.get(
    '/identities/link',
    guarded(async (ctx, session) => {
      const ticket = await parts.notes.take<LinkTicket>(
        String(ctx.query['ticket'] ?? ''),
        browser.recognise(ctx),
      )
      if (ticket?.purpose.kind !== 'link' || ticket.purpose.userId !== session.accountId)
        throw new AppError('session_expired', 400)
      const seen = { ...ticket.seen, profile: storable(ticket.seen.profile) }
      try {
        await parts.identities.link(session.accountId, seen)
      } catch (error) {
        if (!(error instanceof AlreadyExists)) throw error
        return see(ctx, `${home}?problem=identity_taken`)
      }
      record(ctx, session, { type: 'identity.linked', provider: ticket.providerId })
      see(ctx, home)
    }),
  )
  router.post(
    '/identities/unlink',
    parseForm(),
    submit(async (ctx, session, { id = '' }) => {
      const all = await parts.identities.listByUser(session.accountId)
      const taken = all.find((one) => one.id === id)
      try {
        if (taken && (await unlink(parts.identities, session.accountId, id)))
          record(ctx, session, { type: 'identity.unlinked', provider: taken.provider })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return see(ctx, `${home}?problem=${error.code}`)
      }
      see(ctx, home)
    }),
  )
  return router
}

interface LinkTicket {
  purpose: Purpose
  providerId: string
  seen: SeenIdentity
}

const bindingOf = ({ uid }: BrowserSession): string => `account:${uid}`

function see(ctx: Pick<AppContext, 'redirect' | 'status' | 'set'>, location: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.redirect(location)
  ctx.status = 303
}

function problemOf(
  parts: IdentityPagesParts,
  ctx: AppContext,
): PageProps['account-identities']['error'] {
  const { problem, provider: id } = ctx.query
  if (typeof problem !== 'string') return undefined
  if (Object.hasOwn(refusals, problem)) return refusals[problem]
  const provider = typeof id === 'string' ? parts.providers.find(id) : undefined
  if (!provider || !Object.hasOwn(hopProblems, problem)) return undefined
  return {
    key: hopProblems[problem]!,
    values: { provider: showProvider(provider, parts.translator, ctx.state.locale).name },
  }
}

/** By the app that it came through; one whose app is gone is called what the vendor is called. */
function describe(
  parts: IdentityPagesParts,
  ctx: AppContext,
  { id, provider, appId, subject, profile }: Identity,
): PageProps['account-identities']['linked'][number] {
  const through = parts.providers.list('').find((one) => one.clientId === appId)
  const shown = through
    ? showProvider(through, parts.translator, ctx.state.locale)
    : { name: provider, icon: iconOf('oidc') }
  return { ...shown, id, who: profile.nickname ?? profile.email ?? subject }
}
