import { newSecret } from '#lib/ids.ts'
import type { AppContext } from './context.ts'

/** How long a browser is known: as long as browsers keep a cookie. */
export const knownBrowserMs = 400 * 86_400_000

const cookie = 'yumen_device'

/**
 * Identifies a browser by the random value of a cookie, which does not sign anyone in. Each call renews the cookie.
 */
export function deviceOf(ctx: AppContext, basePath: string): string {
  const kept = ctx.cookies.get(cookie, { signed: false })
  const device = kept !== undefined && /^[\w-]{43}$/.test(kept) ? kept : newSecret()
  ctx.cookies.set(cookie, device, {
    path: basePath || '/',
    httpOnly: true,
    sameSite: 'lax',
    signed: false,
    maxAge: knownBrowserMs,
  })
  return device
}
