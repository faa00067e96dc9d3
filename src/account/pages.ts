import type { PageRoute } from '#http/page-routes.ts'
import { profilePages } from './profile-pages.ts'

/**
 * The account centre, `/account…`: what a person does about their own account, in pages. For whoever is signed in in this
 * browser; each page does its work through the JSON API as that person, which checks, limits and audits.
 */
export const accountPages = (): PageRoute[] => [...profilePages()]
