import { Router } from '@koa/router'
import type { RequestState } from './context.ts'
import type { View } from '#view/render.ts'

/** `GET /assets/:name`: stylesheet and pictures, for anyone. An address that carries the content's hash is cached forever. */
export function assetRoutes(view: View): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/assets' })
  router.get('/:name', (ctx) => {
    const asset = view.asset(String(ctx['params'].name))
    if (!asset) return
    ctx.set({
      'Cache-Control': asset.immutable
        ? 'public, max-age=31536000, immutable'
        : 'public, max-age=300',
      ETag: asset.etag,
    })
    ctx.status = 200
    ctx.type = asset.type
    if (ctx.fresh) ctx.status = 304
    else ctx.body = asset.body
  })
  return router
}
