/** What pages have in common. Plain data: every string is untrusted and is escaped by the template. */
import type { Locale } from './translate.ts'

/** An app, as it is introduced to a person. */
export type Party = {
  name: string
  /** Shown when it is http(s); a letter of the name stands in for it. */
  logoUri?: string | undefined
  /** Host of the redirect, such as `notes.example.com`: where the person goes next. */
  host: string
  /** Whether someone here has checked who is behind the app. */
  verified: boolean
  /** `#rrggbb`: the colour of its buttons and links on the pages that it sends people to. */
  accent?: string | undefined
  policyUri?: string | undefined
  tosUri?: string | undefined
}

/** A signed-in person. `identifier` is what they sign in with: an e-mail or a username. */
export type Account = { name: string; identifier: string }

/** What every page takes. */
export type Common = {
  /** This very page in each language: complete paths, with `?lang=`. */
  languageHrefs: Record<Locale, string>
  /** The app that sent the person, when one did. */
  client?: Party | undefined
}

/** What every page of a signed-in person takes beside its own. */
export type Shell = {
  csrf: string
  account: Account
  /** Whether the way to the console is shown. */
  mayAdminister: boolean
  /** What the person may do by our own API: the menu shows no more. */
  scopes: ReadonlySet<string>
  /** What has just been done: a key below `done.`; others are not shown. */
  done: string | undefined
}

/** A page with a form of ours. Addresses are complete paths, the prefix included. */
export type Form = Common & {
  /** Where the form is posted. */
  action: string
  /** Value of the hidden field `csrf`. */
  csrf: string
}

/** One thing that an app may do, in the reader's language. Sensitive ones are shown first. */
type ConsentItem = { text: string; sensitive: boolean }

/** What an app may do, by resource. A group without `resource` is about the account itself. */
export type Permissions = { resource?: string | undefined; items: ConsentItem[] }[]
