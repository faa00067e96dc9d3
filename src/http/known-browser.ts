import { newSecret } from '#lib/ids.ts'
import type { AppContext } from './context.ts'

/** How long a browser is known: as long as browsers keep a cookie. */
export const knownBrowserMs = 400 * 86_400_000

const cookie = 'yumen_device'

/**
 * What tells a browser from others: the random value of a cookie, which signs nobody in. It is set again for as long as it
 * may last.
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
