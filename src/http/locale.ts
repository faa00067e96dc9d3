import { chooseLocale, isLocale, locales, type Locale } from '#view/translate.ts'
import type { Middleware, AppContext } from './context.ts'

const cookie = 'yumen_locale'
const year = 365 * 24 * 3600 * 1000

/**
 * Settles the language of the pages: `?lang=` (kept in a cookie, which `auto` takes away), the cookie, `ui_locales` of the
 * request, then `Accept-Language`. A page that knows the person's own setting puts that before what the browser says.
 */
export const settleLocale: Middleware = (ctx, next) => {
  const wish = one(ctx.query['lang'])
  if (isLocale(wish))
    ctx.cookies.set(cookie, wish, { maxAge: year, httpOnly: true, sameSite: 'lax', signed: false })
  if (wish === 'auto') ctx.cookies.set(cookie, null, { signed: false })
  const kept = wish === 'auto' ? undefined : ctx.cookies.get(cookie, { signed: false })
  ctx.state.localeChosen = isLocale(wish) ? wish : isLocale(kept) ? kept : undefined
  preferLocales(ctx, one(ctx.query['ui_locales']))
  return next()
}

/** Lets what an application has asked for (`ui_locales`, tags separated by spaces) go before `Accept-Language`. */
export function preferLocales(ctx: AppContext, uiLocales: unknown): void {
  const asked = typeof uiLocales === 'string' ? uiLocales.split(' ') : []
  ctx.state.locale = ctx.state.localeChosen ?? chooseLocale([...asked, ...ctx.acceptsLanguages()])
}

/**
 * Links to the same page in each language. The path may be anything that someone has sent, also what no URL is made
 * of; it keeps one slash at its start, so that `//evil.example` is not read as another host.
 */
export function languageHrefs(ctx: AppContext): Record<Locale, string> {
  const [path = '', ...search] = ctx.originalUrl.split('?')
  const pathname = `/${path.replace(/^[/\\]+/, '')}`
  return Object.fromEntries(
    locales.map((locale) => {
      const query = new URLSearchParams(search.join('?'))
      query.set('lang', locale)
      return [locale, `${pathname}?${query.toString()}`]
    }),
  ) as Record<Locale, string>
}

const one = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value
