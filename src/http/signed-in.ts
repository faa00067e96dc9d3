import { randomBytes } from 'node:crypto'
import { Router } from '@koa/router'
import { AppError } from '#lib/app-error.ts'
import { createMac } from '#lib/sealing.ts'
import type { RequestState } from './context.ts'

/**
 * How our own pages have people sign in: like any application, at the authorize endpoint, with a built-in client. What
 * counts afterwards is the browser's session; the code that comes back is no one's to redeem, because the verifier of its
 * challenge is never kept.
 */
export interface SignedIn {
  /** Where the browser goes to sign in, and comes back from to `path`. `maxAge` is in seconds. */
  signInUrl(path: string, options: { maxAge: number | undefined }): string
  /** `GET /signed-in`: for anyone; leads to a path of ours that `signInUrl` was given, whatever else the request says. */
  routes: Router<RequestState>
}

export interface SignedInParts {
  issuer: string
  clientId: string
  /** Newest first. */
  secrets: readonly string[]
}

export const signedInPath = '/signed-in'

export function createSignedIn({ issuer, clientId, secrets }: SignedInParts): SignedIn {
  const mac = createMac(secrets, 'signed-in')
  const routes = new Router<RequestState>()
  routes.get(signedInPath, (ctx) => {
    const [encoded = '', signature = ''] = String(ctx.query['state'] ?? '').split('.')
    const path = Buffer.from(encoded, 'base64url').toString()
    if (!mac.fits(path, signature)) throw new AppError('invalid_request')
    ctx.status = 303
    ctx.redirect(ctx.query['error'] === undefined ? path : new URL(issuer).pathname)
  })

  return {
    routes,
    signInUrl(path, { maxAge }) {
      // One slash at the start: `//evil.example` is another host.
      const own = `/${path.replace(/^[/\\]+/, '')}`
      const url = new URL(`${issuer}/oauth/authorize`)
      url.search = new URLSearchParams({
        client_id: clientId,
        response_type: 'code',
        scope: 'openid',
        redirect_uri: issuer + signedInPath,
        code_challenge: randomBytes(32).toString('base64url'),
        code_challenge_method: 'S256',
        state: `${Buffer.from(own).toString('base64url')}.${mac.make(own)}`,
        ...(maxAge !== undefined && { max_age: String(maxAge) }),
      }).toString()
      return url.href
    },
  }
}
