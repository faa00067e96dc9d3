import type { ExecutionContext } from 'ava'
import { parse } from 'node-html-parser'
import { recoveryPages } from '#account/recovery-pages.ts'
import type { Middleware } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { errors } from '#http/errors.ts'
import { settleLocale } from '#http/locale.ts'
import { createErrorWords, createShowPage } from '#http/pages.ts'
import { securityHeaders } from '#http/security-headers.ts'
import { trace } from '#http/trace.ts'
import { AppError } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'
import type { Recovery } from '#users/recovery.ts'
import { createView } from '#view/render.ts'
import { createLog } from '#telemetry/log.ts'
import { serve } from '../http/serve.ts'

export const known = 'ada@example.com'

/** The pages alone, on a server of their own, with a recovery that writes down what it is asked: it has one good token. */
export async function open(t: ExecutionContext) {
  const calls: string[] = []
  const audited: string[] = []
  const good = new Set(['good'])
  const spend = (token: string): { user: User } => {
    if (!good.delete(token)) throw new AppError('invalid_token')
    return { user: { id: 'u1' } as User }
  }
  const recovery: Recovery = {
    async forgotPassword(email, { locale }) {
      calls.push(`forgot ${email} ${locale}`)
    },
    async resetPassword(token, given) {
      calls.push(`reset ${token}`)
      return Array.from(given).length < 8 ? { problem: 'password_too_short' } : spend(token)
    },
    async requestVerification(who, { locale }) {
      calls.push(`request ${'email' in who ? who.email : who.accountId} ${locale}`)
    },
    async verifyEmail(proof) {
      if ('token' in proof) {
        calls.push(`verify ${proof.token}`)
        return spend(proof.token).user
      }
      calls.push(`verify ${proof.code}`)
      if (proof.code !== '482 913') throw new AppError('invalid_code')
      return { id: 'u1' } as User
    },
    whoseEmail: async (token) =>
      good.has(token) ? ({ id: 'u1', email: known, createdAt: 0 } as User) : undefined,
    async disownEmail(token) {
      calls.push(`disown ${token}`)
      return spend(token).user
    },
  }
  const showPage = createShowPage(
    createView({ brand: { name: 'Yumen' }, basePath: '', development: false }),
  )
  const words = createErrorWords(showPage)
  const issuer = 'http://id.example.com'
  const pages = recoveryPages({
    recovery,
    csrf: createCsrf(['a secret of the server'], issuer),
    basePath: '',
    showPage,
    passwordMinLength: 8,
    holdersIn: async (ctx) => [ctx.cookies.get('holder', { signed: false }) ?? ''],
    audit: ({ type, actor }) => void audited.push([type, actor].filter(Boolean).join(' ')),
  })
  const url = await serve(
    t,
    trace(createLog('silent')),
    securityHeaders(false),
    settleLocale,
    errors(words.page, words.sentences),
    pages.routes() as unknown as Middleware,
  )
  return { url, calls, audited, issuer }
}

/** What a browser does: keeps the cookie, sends the fields of the form that it was shown. */
export class Visitor {
  cookie = ''
  url: string
  constructor(url: string) {
    this.url = url
  }

  async send(path: string, init: RequestInit = {}) {
    const headers = { accept: 'text/html', 'accept-language': 'en', cookie: this.cookie }
    const answer = await fetch(this.url + path, {
      redirect: 'manual',
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    })
    this.cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? this.cookie
    return { answer, page: parse(await answer.text()) }
  }

  /** Opens the page and posts its form, with these fields filled in. */
  async fill(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const { page } = await this.send(path)
    const form = page.querySelector('form')!
    const given = form.querySelectorAll('input').map((input) => {
      const name = input.getAttribute('name')!
      return [name, fields[name] ?? input.getAttribute('value') ?? '']
    })
    const body = new URLSearchParams({ ...Object.fromEntries(given), ...fields })
    return this.send(form.getAttribute('action')!, { method: 'POST', body, headers })
  }

  /** Follows the redirect after a form. */
  follow(answer: Response) {
    return this.send(answer.headers.get('location')!)
  }
}
