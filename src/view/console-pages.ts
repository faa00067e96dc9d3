/** What the pages of the console need to be shown. Times are ISO 8601. */
import type { FieldErrors } from './account-pages.ts'
import type { Common, Shell } from './pages.ts'

type Page = Common & Shell

/** One page of a list that goes on. */
type Listing = {
  /** This list from its beginning, and where it goes on: queries, such as `?q=wei&cursor=…`. */
  firstHref: string | undefined
  nextHref: string | undefined
}

export type ConsoleUser = {
  id: string
  email: string | null
  email_verified: boolean
  username: string | null
  nickname: string | null
  phone: string | null
  avatar_url: string | null
  locale: string | null
  roles: string[]
  is_active: boolean
  banned_at: string | null
  erase_at: string | null
  created_at: string
  last_login_at: string | null
  login_count: number
}

export type ConsoleSession = {
  id: string
  kind: 'browser' | 'app'
  client_id: string | null
  address: string | null
  agent: string | null
  last_seen_at: string | null
}

export type ConsolePageProps = {
  'console-users': Page &
    Listing & {
      users: ConsoleUser[]
      filter: { q: string; role: string; status: string }
      roleNames: string[]
    }
  /** Fields `email`, `username`, `nickname`, `password`, `roles` (one checkbox a role). */
  'console-user-new': Page & {
    values: Record<string, string>
    roleNames: string[]
    errors: FieldErrors
  }
  /** Forms: the profile, and one for each thing that can be done. `confirm` must be what `confirmText` says. */
  'console-user': Page & {
    user: ConsoleUser
    values: Record<string, string>
    roleNames: string[]
    sessions: ConsoleSession[]
    confirmText: string
    errors: FieldErrors
  }
}
