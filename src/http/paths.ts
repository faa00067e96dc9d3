import type { Middleware } from './context.ts'

const metadataPath = '/.well-known/oauth-authorization-server'
const apiPrefix = '/api/v1'

/**
 * Other names of the same routes: everything under `/api/v1`, where older applications look for it, and the metadata of
 * an issuer with a path where RFC 8414 §3.1 looks for it (`/.well-known/oauth-authorization-server/sso`).
 */
export function aliasPaths(basePath: string): Middleware {
  const prefix = basePath + apiPrefix
  return (ctx, next) => {
    if (basePath && ctx.path === metadataPath + basePath) ctx.path = basePath + metadataPath
    if (ctx.path.startsWith(`${prefix}/`)) ctx.path = basePath + ctx.path.slice(prefix.length)
    return next()
  }
}
