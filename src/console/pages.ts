import type { PageRoute } from '#http/page-routes.ts'
import { apiKeyPages } from './api-keys.ts'
import { auditPages } from './audit.ts'
import { oneClientPages } from './client.ts'
import { clientPages } from './clients.ts'
import { dashboardPages } from './dashboard.ts'
import { integratePages } from './integrate.ts'
import { keyPages } from './keys.ts'
import { mailPages } from './mail.ts'
import { newClientPages } from './new-client.ts'
import { newProviderPages } from './new-provider.ts'
import { oneProviderPages } from './provider.ts'
import { providerPages } from './providers.ts'
import { oneResourcePages } from './resource.ts'
import { resourcePages } from './resources.ts'
import { oneRolePages } from './role.ts'
import { rolePages } from './roles.ts'
import { scopePages } from './scope.ts'
import { sessionPages } from './sessions.ts'
import { settingsPages } from './settings.ts'
import { userActionPages } from './user-action-pages.ts'
import { oneUserPages } from './user.ts'
import { userPages } from './users.ts'

/**
 * The administrator's console, `/console…`: the server run from pages. For people whose roles permit the scope that the
 * same work by the admin API needs, with a sign-in that is not old; all is done through that API.
 */
export interface ConsoleOptions {
  /** Seconds, of a sign-in. */
  maxAge: number
  /** Stands in the code of the integration pages. */
  issuer: string
  /** The clients that the server has for itself. */
  ownClientIds: readonly string[]
}

export function consolePages({ maxAge, ...options }: ConsoleOptions): PageRoute[] {
  // Where two paths fit, the first one is taken: `new` before `:id`.
  const pages = [
    ...dashboardPages(options),
    ...userPages(),
    ...oneUserPages(),
    ...userActionPages(),
    ...clientPages(),
    ...newClientPages(options),
    ...oneClientPages(),
    ...integratePages(options),
    ...resourcePages(),
    ...oneResourcePages(),
    ...scopePages(),
    ...rolePages(),
    ...oneRolePages(),
    ...providerPages(),
    ...newProviderPages(options),
    ...oneProviderPages(),
    ...apiKeyPages(),
    ...sessionPages(),
    ...auditPages(),
    ...keyPages(),
    ...mailPages(),
    ...settingsPages(),
  ]
  return pages.map((page) => ({ ...page, maxAge }))
}
