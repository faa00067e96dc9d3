import type { Router } from '@koa/router'
import { AppError } from '#lib/app-error.ts'
import type { Middleware, RequestState } from './context.ts'

/**
 * Comes after the router of the JSON API: a request that gets here with a path of that router has a method that the
 * path does not have. 405 says which there are (RFC 9110 §15.5.6), before anybody is asked who they are: the routes are
 * no secret. OPTIONS is told the same; without CORS headers no browser takes that for a permission.
 */
export function refuseOtherMethods(router: Router<RequestState>): Middleware {
  return (ctx, next) => {
    const { matched = [] } = ctx as { matched?: Router<RequestState>['stack'] }
    const known = matched.filter((layer) => router.stack.includes(layer))
    if (known.length === 0) return next()
    const methods = [...new Set([...known.flatMap((layer) => layer.methods), 'OPTIONS'])].sort()
    const headers = { Allow: methods.join(', ') }
    ctx.state.isApi = true
    if (ctx.method !== 'OPTIONS') throw new AppError('method_not_allowed', { headers })
    ctx.status = 204
    ctx.set(headers)
    return undefined
  }
}
