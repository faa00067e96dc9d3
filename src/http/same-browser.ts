import { newSecret } from '#lib/ids.ts'
import type { AppContext } from './context.ts'

/**
 * The browser that begins a sign-in elsewhere, told from all others by a cookie of its own. One for all its tabs, since
 * what is remembered of each is found by its state.
 */
export interface SameBrowser {
  /** The browser's secret; a new one when it has none. */
  begin(ctx: AppContext): string
  /** Empty when the browser has begun nothing. */
  recognise(ctx: AppContext): string
}

const hour = 3_600_000

export function createSameBrowser(isSecure: boolean): SameBrowser {
  const name = isSecure ? '__Host-yumen_hop' : 'yumen_hop'
  const recognise = (ctx: AppContext): string => ctx.cookies.get(name, { signed: true }) ?? ''
  return {
    recognise,
    begin(ctx) {
      const secret = recognise(ctx) || newSecret()
      ctx.cookies.set(name, secret, {
        httpOnly: true,
        // A sign-in at a provider comes back by a link from its site.
        sameSite: 'lax',
        secure: isSecure,
        signed: true,
        path: '/',
        maxAge: hour,
      })
      return secret
    },
  }
}
