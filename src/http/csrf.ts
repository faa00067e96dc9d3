import { AppError } from '#lib/app-error.ts'
import { createMac } from '#lib/sealing.ts'
import type { AppContext } from './context.ts'

/**
 * Protection of forms against requests that another site makes. A token is bound to something that only this browser
 * has (the interaction that its cookie names), and the browser's own word on where the request began is believed too.
 */
export interface Csrf {
  token(binding: string): string
  /** Throws 403 unless the form began on one of our pages and carries the token of this binding. */
  check(ctx: AppContext, binding: string, token: string | undefined): void
}

/** `secrets`: newest first. */
export function createCsrf(secrets: readonly string[], issuer: string): Csrf {
  const mac = createMac(secrets, 'csrf')
  const { origin } = new URL(issuer)
  return {
    token: (binding) => mac.make(binding),
    check(ctx, binding, given) {
      const site = ctx.get('sec-fetch-site')
      const from = ctx.get('origin')
      const foreign = (site && site !== 'same-origin') || (from && from !== origin)
      if (foreign || !given || !mac.fits(binding, given)) throw new AppError('csrf')
    },
  }
}
