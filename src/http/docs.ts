import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Router } from '@koa/router'
import type { AppContext, RequestState } from './context.ts'

/**
 * `GET /openapi.json` and, for people, `GET /docs`: Swagger UI out of its package, no CDN. For anyone: the API is not a
 * secret, and Swagger UI knows nothing that its reader does not type.
 */
export interface DocsParts {
  /** Makes it, when someone first asks: it takes longer than all the rest of the start. */
  document(): object
  basePath: string
}

/** Swagger UI writes `style` attributes; scripts come from here alone, and it may call this server. */
const contentSecurityPolicy =
  "default-src 'none';style-src 'self' 'unsafe-inline';script-src 'self';connect-src 'self';img-src 'self' data:;base-uri 'none';frame-ancestors 'none'"

const types = new Map([
  ['swagger-ui.css', 'text/css'],
  ['swagger-ui-bundle.js', 'text/javascript'],
])

/** Says where the document is, beside itself, so that any path prefix will do. */
const initializer = `const { src } = document.currentScript
SwaggerUIBundle({
  url: new URL('../openapi.json', src).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
})
`

const page = (basePath: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Yumen JSON API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${basePath}/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${basePath}/docs/swagger-ui-bundle.js"></script>
    <script src="${basePath}/docs/initializer.js"></script>
  </body>
</html>
`

interface Prepared {
  body: Buffer
  etag: string
  type: string
}

export function docsRoutes({ document, basePath }: DocsParts): Router<RequestState> {
  const router = new Router<RequestState>()
  let openApi: Prepared | undefined
  const html = prepare(page(basePath), 'text/html')
  const files = new Map([['initializer.js', prepare(initializer, 'text/javascript')]])

  router.get('/openapi.json', (ctx) => {
    ctx.set('Access-Control-Allow-Origin', '*')
    openApi ??= prepare(JSON.stringify(document()), 'application/json')
    answer(ctx, openApi)
  })
  router.get('/docs', (ctx) => {
    ctx.set('Content-Security-Policy', contentSecurityPolicy)
    answer(ctx, html)
  })
  router.get('/docs/:file', async (ctx) => {
    const name = String(ctx['params'].file)
    const type = types.get(name)
    const file = files.get(name) ?? (type && (await readPackaged(name, type)))
    if (!file) return
    files.set(name, file)
    answer(ctx, file)
  })
  return router
}

const readPackaged = async (name: string, type: string): Promise<Prepared> =>
  prepare(await readFile(new URL(import.meta.resolve(`swagger-ui-dist/${name}`))), type)

function prepare(content: string | Buffer, type: string): Prepared {
  const body = Buffer.from(content)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, etag, type }
}

function answer(ctx: AppContext, { body, etag, type }: Prepared): void {
  ctx.status = 200
  ctx.set({ 'Cache-Control': 'public, max-age=300', ETag: etag })
  ctx.type = type
  if (ctx.fresh) ctx.status = 304
  else ctx.body = body
}
