import { createHash } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type { Engine } from './engine.ts'
import type { KeySet } from './keys.ts'
import { routes } from './provider.ts'

/**
 * Discovery and the key set, from bytes that are made once for each set of keys. The engine writes the discovery
 * document and sends no cache headers; everyone who verifies a token asks for these two, so both matter.
 */
export interface MetadataParts {
  engine: Engine
  jwksMaxAge: number
}

interface Prepared {
  body: Buffer
  etag: string
}

const discoveryPath = '/.well-known/openid-configuration'
const discoveryPaths = new Set([discoveryPath, '/.well-known/oauth-authorization-server'])
const jwksPaths = new Set([routes.jwks, '/.well-known/jwks.json'])
const discoveryMaxAge = 3600

export function metadata({ engine, jwksMaxAge }: MetadataParts): Middleware {
  const discovery = new WeakMap<KeySet, Prepared>()
  const jwks = new WeakMap<KeySet, Prepared>()

  const prepareDiscovery = async (ctx: Context): Promise<Prepared> => {
    ctx.path = discoveryPath
    await engine.middleware(ctx, async () => {})
    return prepare(ctx.body)
  }

  return async (ctx, next) => {
    const { keySet } = engine
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next()
    const isOurs = jwksPaths.has(ctx.path) || discoveryPaths.has(ctx.path)
    if (!isOurs) return next()
    // Before the path is changed: for anyone who measures requests by route.
    ctx.state['route'] = ctx.path
    if (jwksPaths.has(ctx.path)) {
      const prepared = jwks.get(keySet) ?? prepare({ keys: keySet.publicJwks })
      jwks.set(keySet, prepared)
      return answer(ctx, prepared, { type: 'application/jwk-set+json', maxAge: jwksMaxAge })
    }
    const prepared = discovery.get(keySet) ?? (await prepareDiscovery(ctx))
    discovery.set(keySet, prepared)
    return answer(ctx, prepared, { type: 'application/json', maxAge: discoveryMaxAge })
  }
}

function prepare(document: unknown): Prepared {
  const body = Buffer.from(JSON.stringify(document))
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

function answer(
  ctx: Context,
  { body, etag }: Prepared,
  { type, maxAge }: { type: string; maxAge: number },
): void {
  ctx.status = 200
  ctx.set({
    'Access-Control-Allow-Origin': '*',
    'Cache-Control': `public, max-age=${maxAge}`,
    ETag: etag,
  })
  if (ctx.fresh) {
    ctx.status = 304
    return
  }
  ctx.type = type
  ctx.body = body
}
