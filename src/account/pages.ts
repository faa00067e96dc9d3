import type { PageRoute } from '#http/page-routes.ts'
import { appPages } from './app-pages.ts'
import { dataPages } from './data-pages.ts'
import { emailPages } from './email-pages.ts'
import { enrolmentPages } from './enrolment-pages.ts'
import { factorPages } from './factor-pages.ts'
import { identityPages, type IdentityProviders } from './identity-pages.ts'
import { keyPages } from './key-pages.ts'
import { profilePages } from './profile-pages.ts'
import { securityPages } from './security-pages.ts'
import { sessionPages } from './session-pages.ts'

/**
 * The account centre, `/account…`: what a person does about their own account, in pages. For anyone who is signed in in this
 * browser; each page does its work through the JSON API as that person, which checks, limits and audits.
 */
export const accountPages = (options: AccountPageOptions): PageRoute[] => [
  ...profilePages(),
  ...emailPages(),
  ...securityPages(options),
  ...enrolmentPages(),
  ...factorPages(),
  ...identityPages(options.providers),
  ...sessionPages(),
  ...appPages(),
  ...keyPages(),
  ...dataPages(options),
]

/** Settings that the pages tell of, and the providers that accounts are linked from. */
export interface AccountPageOptions {
  eraseAfterDays: number
  passwordMinLength: number
  providers: IdentityProviders
}
