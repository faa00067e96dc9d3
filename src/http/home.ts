import { Router } from '@koa/router'
import type { RequestState } from './context.ts'
import type { ShowPage } from './pages.ts'

export interface HomeParts {
  issuer: string
  basePath: string
  version: string
  /** The demo application is there. */
  hasDemo: boolean
  showPage: ShowPage
}

/** `GET /`: says that the server runs and where to go. For anyone. */
export function homeRoutes({
  issuer,
  basePath,
  version,
  hasDemo,
  showPage,
}: HomeParts): Router<RequestState> {
  const router = new Router<RequestState>()
  router.get('/', (ctx) => {
    showPage(ctx, 'home', {
      issuer,
      version,
      discoveryHref: `${basePath}/.well-known/openid-configuration`,
      ...(hasDemo ? { demoHref: `${basePath}/demo` } : {}),
    })
  })
  return router
}
