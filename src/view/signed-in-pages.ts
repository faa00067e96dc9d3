/**
 * What the pages of signed-in people are made of, in the account centre and in the console. There are few kinds of them,
 * so that each looks and works like the others: a list, the details of one thing, and the dashboard.
 */
import type { Chart, Ranking } from './chart.ts'
import type { Common, Permissions, Shell } from './page-parts.ts'
import type { Message } from './translate.ts'

/** Field → what is wrong with it; `form` is about none of them. */
export type FieldErrors = Readonly<Record<string, Message | undefined>>

/**
 * The sections of each area, as its menu lists them: the name below `<area>.nav.`, the path, and the scope without which
 * a person does not see it.
 */
export const sections = {
  account: [
    ['profile', '/account'],
    ['security', '/account/security'],
    ['identities', '/account/identities'],
    ['sessions', '/account/sessions'],
    ['apps', '/account/apps'],
    ['keys', '/account/api-keys'],
    ['data', '/account/data'],
  ],
  console: [
    ['dashboard', '/console'],
    ['users', '/console/users', 'admin:users'],
    ['clients', '/console/clients', 'admin:clients'],
    ['resources', '/console/resources', 'admin:resources'],
    ['roles', '/console/roles', 'admin:roles'],
    ['providers', '/console/providers', 'admin:providers'],
    ['apiKeys', '/console/api-keys', 'admin:api-keys'],
    ['sessions', '/console/sessions', 'admin:sessions'],
    ['audit', '/console/audit', 'admin:audit'],
    ['keys', '/console/keys', 'admin:keys'],
    ['mail', '/console/mail', 'admin:mail'],
    ['settings', '/console/settings', 'admin:settings'],
  ],
} as const satisfies Record<
  string,
  readonly (readonly [name: string, path: string, scope?: string])[]
>

export type Area = keyof typeof sections

/** Where a page stands: which word of the menu is marked. */
export type Place = { area: Area; section: string }

/** Something that a table or a list of facts shows. Times are ISO 8601, paths are below the prefix of the server. */
export type Cell = {
  text?: string | undefined
  say?: Message | undefined
  /** A second, quieter line. */
  sub?: string | undefined
  /** A quieter line in the reader's language. */
  note?: Message | undefined
  when?: string | undefined
  number?: number | undefined
  chip?: Chip | undefined
  /** The text leads there. */
  href?: string | undefined
  /** A text for machines: an id, a key. */
  code?: string | undefined
  /** Further quiet lines, each with a time behind its words. */
  notes?: { label: Message; when?: string | undefined }[] | undefined
  /** JSON that is folded until it is asked for. */
  json?: string | undefined
  /** What can be done with it. */
  form?: Form | undefined
}

export type Chip = { say: Message; tone: 'ok' | 'warn' | 'plain' }

export type Field = {
  name: string
  label: Message
  help?: Message | undefined
} & (
  | {
      kind: 'text' | 'area' | 'search'
      value: string
      optional?: boolean | undefined
      inputmode?: 'email' | 'tel' | 'url' | 'numeric' | undefined
      autocomplete?: string | undefined
      maxlength?: number | undefined
      placeholder?: string | undefined
    }
  | { kind: 'password'; autocomplete: 'current-password' | 'new-password'; optional?: boolean }
  | { kind: 'check'; checked: boolean }
  | { kind: 'choice'; value: string; options: { value: string; label: Message }[] }
  /** Boxes of which any may be ticked, each with a name of its own. */
  | { kind: 'checks'; options: { name: string; label: string; sub?: string; checked: boolean }[] }
)

/** A form; `csrf` is added. */
export type Form = {
  /** Path below the prefix of the server. */
  action: string
  fields: Field[]
  hidden?: Record<string, string> | undefined
  submit: Message
  look?: 'primary' | 'secondary' | 'quiet' | 'destroy' | undefined
  /** For what cannot be undone: the form is folded behind a button of its own and says this when it is opened. */
  confirm?: Message | undefined
  /** A file of `views/icons`, shown in the button. */
  icon?: string | undefined
  /** A passkey answers it, in the hidden field `response`: options of `navigator.credentials`, as JSON. */
  passkey?: string | undefined
}

/** A part of a details page, in its order: words, what is shown, what can be done. */
export type Box = {
  heading: Message
  text?: Message | undefined
  /** For what cannot be undone. */
  isDanger?: boolean | undefined
  facts?: { label: Message; cell: Cell }[] | undefined
  rows?: { cell: Cell; form?: Form | undefined }[] | undefined
  /** What an application may do. */
  permissions?: Permissions | undefined
  /** Said in place of the rows when there are none. */
  none?: Message | undefined
  /** SVG of ours, which goes into the page as it is. */
  qr?: { svg: string; label: Message } | undefined
  /** Text to be copied. */
  codes?: { label: Message; text: string }[] | undefined
  links?: { href: string; label: Message; text?: Message | undefined }[] | undefined
  forms?: Form[] | undefined
}

type Page = Common & Shell & Place & { title: Message; lead?: Message | undefined }

export type SignedInPageProps = {
  list: Page & {
    add?: { href: string; label: Message } | undefined
    /** A form that is sent with GET to `filterAction`. */
    filters: Field[]
    filterAction: string
    columns: { label: Message; isNumber?: boolean | undefined }[]
    /** The first cell of a row is its heading. */
    rows: Cell[][]
    /** Said in place of the rows when there are none: what this is for, and the first step. */
    empty: { heading: Message; text: Message; href?: string | undefined; action?: Message }
    /** Queries: the list from its beginning, and where it goes on. */
    firstHref?: string | undefined
    nextHref?: string | undefined
    /** Forms below the list. */
    boxes?: Box[] | undefined
    errors?: FieldErrors | undefined
  }
  details: Page & {
    crumb?: { href: string; label: Message } | undefined
    chip?: Chip | undefined
    /** A person's picture, shown when its address is http(s), above the first letter of their name. */
    picture?: { name: string; address?: string | undefined } | undefined
    facts?: { label: Message; cell: Cell }[] | undefined
    /** Shown on this answer and never again. */
    secret?: { label: Message; text: string }[] | undefined
    boxes: Box[]
    errors: FieldErrors
  }
  dashboard: Page & {
    /** Said first on a server that no one uses yet. */
    start?: { heading: Message; text: Message; href: string; action: Message } | undefined
    totals: {
      label: Message
      value: number
      sub?: Message | undefined
      href?: string | undefined
    }[]
    charts: Chart[]
    ranking?: Ranking | undefined
    /** For those who may not see the numbers: where they can go. */
    links: { href: string; label: Message; text?: Message | undefined }[]
  }
}
