import { createHmac } from 'node:crypto'
import { AppError } from '#lib/app-error.ts'
import { equalSecrets } from '#lib/hashing.ts'
import { deriveKey } from '#lib/sealing.ts'
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

export function createCsrf(secret: string, issuer: string): Csrf {
  const key = deriveKey(secret, 'csrf')
  const { origin } = new URL(issuer)
  const token = (binding: string): string =>
    createHmac('sha256', key).update(binding).digest('base64url')
  return {
    token,
    check(ctx, binding, given) {
      const site = ctx.get('sec-fetch-site')
      const from = ctx.get('origin')
      const foreign = (site && site !== 'same-origin') || (from && from !== origin)
      if (foreign || !given || !equalSecrets(given, token(binding))) throw new AppError('csrf', 403)
    },
  }
}
