import type { Middleware } from './context.ts'

/**
 * Headers of every answer. No `form-action`: browsers check it along the whole redirect chain, up to the application,
 * and would stop the last step of a sign-in. `script-src 'self'` is written out because the engine adds the hash of
 * its own small scripts (form_post, logout) only to an explicit directive.
 */
export function securityHeaders(https: boolean): Middleware {
  const headers = {
    'Content-Security-Policy':
      "default-src 'none';style-src 'self';script-src 'self';img-src 'self' https: data:;base-uri 'none';frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    ...(https ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  }
  return (ctx, next) => {
    ctx.set(headers)
    return next()
  }
}
