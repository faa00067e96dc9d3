import { Router } from '@koa/router'
import type { Hop, Purpose } from '#federation/hop.ts'
import type { Notes } from '#federation/notes.ts'
import { UpstreamFailure } from '#federation/providers/upstream.ts'
import type { Providers } from '#federation/registry.ts'
import { linkIdentity, storable } from '#federation/sign-in.ts'
import { factsOf } from '#http/api.ts'
import type { Audit } from '#http/audit.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import type { Csrf } from '#http/csrf.ts'
import { formFields, parseForm } from '#http/form.ts'
import { csrfBindingOf, type SignedInPerson } from '#http/page-routes.ts'
import type { SameBrowser } from '#http/same-browser.ts'
import { AppError, unless } from '#lib/app-error.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { IdentityStore, SeenIdentity } from '#storage/identities.ts'

/**
 * `/account/identities/link`: to another provider and back. For anyone who has signed in a short while ago; anybody else is
 * sent to sign in first. The POST carries the token of the page; what comes back from a provider is linked only to the
 * account that had sent it there, in the browser that it was sent from.
 */
export interface IdentityLinkParts {
  /** Undefined when no one is signed in in this browser, or not with all that is asked of them. */
  readPerson(ctx: AppContext): Promise<SignedInPerson | undefined>
  identities: Pick<IdentityStore, 'link'>
  providers: Pick<Providers, 'find'>
  hop: Hop
  notes: Notes
  browser: SameBrowser
  csrf: Csrf
  signInUrl(path: string, options: { maxAge: number | undefined }): string
  /** Path prefix of the server: empty, or like `/id`. */
  basePath: string
  now(): number
  audit: Audit
}

/** Seconds; anyone who comes back has spent a while at the provider. */
const arrivalWithin = freshSeconds + 300

interface LinkTicket {
  purpose: Purpose
  providerId: string
  seen: SeenIdentity
}

export function identityLinkRoutes(parts: IdentityLinkParts): Router<RequestState> {
  const home = `${parts.basePath}/account/identities`
  const router = new Router<RequestState>()
  const guarded =
    (maxAge: number, step: (ctx: AppContext, person: SignedInPerson) => Promise<string>) =>
    async (ctx: AppContext) => {
      const person = await parts.readPerson(ctx)
      const isFresh = person && parts.now() - person.session.signedInAt < maxAge * 1000
      see(ctx, isFresh ? await step(ctx, person) : parts.signInUrl(home, { maxAge: freshSeconds }))
    }
  router.post(
    '/account/identities/link',
    parseForm(),
    guarded(freshSeconds, (ctx, person) => leave(parts, { ctx, person, home })),
  )
  router.get(
    '/account/identities/link',
    guarded(arrivalWithin, (ctx, person) => arrive(parts, { ctx, person, home })),
  )
  return router
}

interface Step {
  ctx: AppContext
  person: SignedInPerson
  home: string
}

/** Resolves to the address of the provider. */
async function leave(
  { csrf, providers, hop, browser }: IdentityLinkParts,
  { ctx, person, home }: Step,
): Promise<string> {
  const fields = formFields(ctx)
  csrf.check(ctx, csrfBindingOf(person), fields['csrf'])
  const provider = providers.find(fields['provider'] ?? '', ctx.get('user-agent'))
  if (!provider) throw new AppError('not_found')
  try {
    const purpose = { kind: 'link', userId: person.userId } as const
    return await hop.begin(provider, purpose, browser.begin(ctx))
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error
    return `${home}?problem=${error.reason}&provider=${provider.id}`
  }
}

async function arrive(
  { notes, browser, identities, audit }: IdentityLinkParts,
  { ctx, person: { userId, epoch }, home }: Step,
): Promise<string> {
  const ticket = await notes.take<LinkTicket>(
    String(ctx.query['ticket'] ?? ''),
    browser.recognise(ctx),
  )
  if (ticket?.purpose.kind !== 'link' || ticket.purpose.userId !== userId)
    throw new AppError('session_expired')
  const seen = { ...ticket.seen, profile: storable(ticket.seen.profile) }
  const user = { id: userId, signInEpoch: epoch }
  const linked = await linkIdentity(identities, user, seen).catch(unless('identity_taken'))
  if (!linked) return `${home}?problem=identity_taken`
  const details = { provider: ticket.providerId }
  audit({ type: 'identity.linked', actor: userId, target: `user:${userId}`, details }, factsOf(ctx))
  return `${home}?done=identityLinked`
}

/** RFC 9110 §15.4.4: go and see, by GET. */
function see(ctx: Pick<AppContext, 'redirect' | 'status' | 'set'>, location: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.redirect(location)
  ctx.status = 303
}
