import type { AppContext, Middleware } from '#http/context.ts'
import type { Csrf } from '#http/csrf.ts'
import { formFields, parseForm } from '#http/form.ts'
import { newSecret } from '#lib/ids.ts'
import type { MessageKey } from '#view/translate.ts'

/** How one page's forms are made and taken. */
export interface Desk {
  /** The page's complete path. */
  path: string
  /** The `csrf` of a form that is about to be shown; sets the cookie that it is bound to. */
  token(ctx: AppContext): string
  /** Handles a form: counted, parsed, and refused with 403 unless it began on this page in this browser. */
  take(
    handle: (ctx: AppContext, fields: Record<string, string>) => void | Promise<void>,
  ): Middleware
  /** Ends a POST, so that a reload shows what has happened instead of sending the form again. */
  turnTo(ctx: AppContext, state: State, query?: Record<string, string>): void
  /** Whether `turnTo` has led here. A link from elsewhere comes without the cookie and cannot pretend it. */
  arrivedAt(ctx: AppContext, state: State): boolean
}

type State = 'sent' | 'done' | 'gone'

export interface DeskParts {
  csrf: Csrf
  /** Path prefix of the server: empty, or like `/id`. */
  basePath: string
  /** Counts a POST against the limits of its address; rejects with 429 when it was one too many. */
  limit?(ctx: AppContext): Promise<void>
}

const cookie = 'yumen_form'

export function openDesk(page: string, { basePath, csrf, limit }: DeskParts): Desk {
  const path = `${basePath}/${page}`
  const kept = (ctx: AppContext): string | undefined => {
    const id = ctx.cookies.get(cookie, { signed: false })
    return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
  }
  const bindTo = (id: string): string => `${page}:${id}`
  const parse = parseForm()
  return {
    path,
    token(ctx) {
      const id = kept(ctx) ?? newSecret()
      ctx.cookies.set(cookie, id, { path, httpOnly: true, sameSite: 'strict', signed: false })
      return csrf.token(bindTo(id))
    },
    take: (handle) => async (ctx) => {
      await limit?.(ctx)
      await parse(ctx, async () => {
        const fields = formFields(ctx)
        const id = kept(ctx)
        csrf.check(ctx, bindTo(id ?? ''), id && fields['csrf'])
        await handle(ctx, fields)
      })
    },
    turnTo(ctx, state, query = {}) {
      const more = new URLSearchParams(query).toString()
      ctx.redirect(`${path}?${state}${more && '&'}${more}`)
      ctx.status = 303
    },
    arrivedAt: (ctx, state) => state in ctx.query && kept(ctx) !== undefined,
  }
}

/**
 * No request from these pages names their address, which holds the token, not even to ourselves. Not `no-referrer`:
 * browsers then post the form with `Origin: null`, and it would be refused as foreign.
 */
export const hideAddress: Middleware = (ctx, next) => {
  ctx.set('Referrer-Policy', 'strict-origin')
  return next()
}

export function tokenOf(ctx: AppContext): string {
  const { token } = ctx.query
  return typeof token === 'string' ? token : ''
}

/** Says only what can be seen from the text, never whether someone has the address. */
export function emailProblem(email: string): MessageKey | undefined {
  if (!email.trim()) return 'errors.email_required'
  const isAddress = email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email.trim())
  return isAddress ? undefined : 'errors.email_invalid'
}

/** Of a page that is not simply what was asked for: a form that has to be corrected, a link that does not work. */
export function statusOf({ errors, state }: { errors?: object; state?: string }): number {
  if (state === 'invalid') return 400
  return errors === undefined ? 200 : 422
}
