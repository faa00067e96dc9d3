import type { PageRoute } from '#http/page-routes.ts'
import { userActionPages } from './user-action-pages.ts'
import { oneUserPages } from './user.ts'
import { userPages } from './users.ts'

/**
 * The administrator's console, `/console…`: the server run from pages. For people whose roles permit the scope that the
 * same work by the admin API needs, with a sign-in that is not old; all is done through that API.
 */
export function consolePages(options: { maxAge: number }): PageRoute[] {
  const pages = [...userPages(), ...oneUserPages(), ...userActionPages()]
  return pages.map((page) => ({ ...page, ...options }))
}
