import { Router } from '@koa/router'
import type { AppContext, RequestState } from '#http/context.ts'
import type { Csrf } from '#http/csrf.ts'
import { formFields, parseForm } from '#http/form.ts'
import type { ShowPage } from '#http/pages.ts'
import { AppError } from '#lib/app-error.ts'
import { newSecret } from '#lib/ids.ts'
import type { PageProps } from '#view/pages.ts'
import { translate, type MessageKey } from '#view/translate.ts'
import type { Pending, RelyingParty, Tokens } from './relying-party.ts'

/**
 * A demo application under `/demo`, in development only: what a stranger's relying party does, in two clicks. Its
 * sessions live in this process and end with it; it can do nothing that any other client of the server cannot.
 */
export interface DemoParts {
  relyingParty: RelyingParty
  csrf: Csrf
  basePath: string
  secureCookies: boolean
  showPage: ShowPage
}

interface DemoSession {
  pending?: Pending
  tokens?: Tokens
}

const cookie = 'yumen_demo'
/** Old sessions give way to new ones: a demo, not a store. */
const maxSessions = 100

export function demoRoutes({
  relyingParty,
  csrf,
  basePath,
  ...parts
}: DemoParts): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/demo' })
  const sessions = new Map<string, DemoSession>()
  const path = `${basePath}/demo`

  const idOf = (ctx: AppContext): string => ctx.cookies.get(cookie, { signed: false }) ?? ''
  const keep = (ctx: AppContext, session: DemoSession): void => {
    const id = newSecret()
    sessions.delete(idOf(ctx))
    sessions.set(id, session)
    for (const oldest of [...sessions.keys()].slice(0, -maxSessions)) sessions.delete(oldest)
    ctx.cookies.set(cookie, id, {
      path,
      httpOnly: true,
      sameSite: 'lax',
      secure: parts.secureCookies,
      signed: false,
    })
  }
  const tokensOf = async (ctx: AppContext): Promise<Tokens> => {
    csrf.check(ctx, `demo:${idOf(ctx)}`, formFields(ctx)['csrf'])
    const tokens = sessions.get(idOf(ctx))?.tokens
    if (!tokens) throw new AppError('session_expired')
    return tokens
  }

  router.get('/', (ctx) => {
    const tokens = sessions.get(idOf(ctx))?.tokens
    if (!tokens) return parts.showPage(ctx, 'demo', { signInHref: `${path}/login` })
    const form = {
      refreshAction: `${path}/refresh`,
      logoutHref: `${path}/logout`,
      csrf: csrf.token(`demo:${idOf(ctx)}`),
    }
    return parts.showPage(ctx, 'demo-session', {
      ...describe(tokens, (key) => translate(ctx.state.locale, key)),
      ...form,
    })
  })
  router.get('/login', async (ctx) => {
    const { url, pending } = await relyingParty.begin()
    keep(ctx, { pending })
    ctx.redirect(url)
  })
  router.get('/callback', async (ctx) => {
    const pending = sessions.get(idOf(ctx))?.pending
    if (!pending) throw new AppError('session_expired')
    sessions.delete(idOf(ctx))
    if (ctx.query['error'] === 'access_denied') return ctx.redirect(path)
    keep(ctx, { tokens: await completed(relyingParty, ctx, pending) })
    ctx.redirect(path)
  })
  router.post('/refresh', parseForm(), async (ctx) => {
    keep(ctx, { tokens: await relyingParty.refresh(await tokensOf(ctx)) })
    ctx.redirect(path)
    ctx.status = 303
  })
  router.post('/logout', parseForm(), async (ctx) => {
    const url = await relyingParty.logoutUrl(await tokensOf(ctx))
    sessions.delete(idOf(ctx))
    ctx.redirect(url)
    ctx.status = 303
  })
  return router
}

async function completed(
  relyingParty: RelyingParty,
  ctx: AppContext,
  pending: Pending,
): Promise<Tokens> {
  try {
    return await relyingParty.complete(ctx.search, pending)
  } catch (cause) {
    ctx.state.log.info({ err: cause }, 'the demo could not sign in')
    throw new AppError('invalid_request', { cause })
  }
}

function describe(
  tokens: Tokens,
  say: (key: MessageKey) => string,
): Pick<PageProps['demo-session'], 'user' | 'sections'> {
  const text = (value: unknown): string => JSON.stringify(value, undefined, 2)
  const { sub, name, email } = tokens.userinfo as { sub: string; name?: string; email?: string }
  return {
    user: { sub, name: name ?? email ?? sub },
    sections: [
      {
        title: say('demoSession.idToken'),
        note: say('demoSession.idTokenNote'),
        raw: tokens.idToken,
        decoded: text(tokens.idClaims),
      },
      {
        title: say('demoSession.accessToken'),
        note: say('demoSession.accessTokenNote'),
        raw: tokens.accessToken,
        decoded: text(tokens.accessClaims),
      },
      {
        title: say('demoSession.userinfo'),
        note: say('demoSession.userinfoNote'),
        decoded: text(tokens.userinfo),
      },
    ],
  }
}
