import type { PageRoute } from '#http/page-routes.ts'
import { appPages } from './app-pages.ts'
import { dataPages } from './data-pages.ts'
import { emailPages } from './email-pages.ts'
import { keyPages } from './key-pages.ts'
import { profilePages } from './profile-pages.ts'
import { securityPages } from './security-pages.ts'
import { sessionPages } from './session-pages.ts'

/**
 * The account centre, `/account…`: what a person does about their own account, in pages. For whoever is signed in in this
 * browser; each page does its work through the JSON API as that person, which checks, limits and audits.
 */
export const accountPages = (options: AccountPageOptions): PageRoute[] => [
  ...profilePages(),
  ...emailPages(),
  ...securityPages(options),
  ...sessionPages(),
  ...appPages(),
  ...keyPages(),
  ...dataPages(options),
]

/** Settings that the pages tell of. */
export interface AccountPageOptions {
  eraseAfterDays: number
  passwordMinLength: number
}
