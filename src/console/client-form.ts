import type { Field, FieldErrors } from '#view/signed-in-pages.ts'
import type { WireClient } from '#wire/clients.ts'
import { area, kindOf, lineFields, scopeField, words } from './client-kinds.ts'
import { problemsOf } from './client-problems.ts'
import { forms } from './forms.ts'
import { resourceField } from './resource-choice.ts'

/** The form of a client's metadata: fields for what is often changed, one of JSON for all the rest. */
export type Typed = Readonly<Record<string, string>>

/** What the page of a client shows beside what is stored. */
export interface ClientPageOptions {
  fields?: Typed
  errors?: FieldErrors
  /** One that was just made: it is shown on this answer only. */
  secret?: string
}

const addresses = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const
const texts = ['client_name', ...addresses] as const
const switches = ['first_party', 'verified'] as const
const own = ['client_id', 'live_secrets', 'created_at', 'updated_at']
const named: readonly string[] = [
  ...texts,
  ...switches,
  ...lineFields,
  ...own,
  'scope',
  'default_resource',
]

/** What the fields show: what was typed, else what is stored. */
export function fieldsOf(
  client: WireClient,
  typed: Typed | undefined,
  resources: readonly string[],
): Field[] {
  const shown = typed ?? textsOf(client)
  const [name, ...others] = forms.texts('console.clients', texts, shown)
  return [
    { ...name!, label: 'console.clients.name', help: 'console.clients.nameHelp' },
    ...(kindOf(client) === 'machine'
      ? []
      : lineFields.slice(0, 3).map((field) => area(field, shown, { optional: true }))),
    ...switches.map((field): Field => ({
      kind: 'check',
      name: field,
      label: field === 'verified' ? 'console.clients.verifiedLong' : 'console.clients.ownLong',
      help: field === 'verified' ? 'console.clients.verifiedHelp' : 'console.clients.ownHelp',
      checked: shown[field] === 'yes',
    })),
    scopeField(shown['scope'] ?? ''),
    resourceField(resources, shown['default_resource'] ?? ''),
    area('introspection_resources', shown, { optional: true }),
    ...others,
    {
      kind: 'area',
      name: 'rest',
      label: 'console.clients.rest',
      help: 'console.clients.restHelp',
      value: shown['rest'] ?? '{}',
    },
  ]
}

/** Metadata as the fields show it. */
function textsOf(client: WireClient): Typed {
  const text = (name: string): string => {
    const value = client[name]
    return typeof value === 'string' ? value : ''
  }
  const lines = (name: string): string => ([client[name] ?? []].flat() as string[]).join('\n')
  const rest = Object.fromEntries(Object.entries(client).filter(([name]) => !named.includes(name)))
  return {
    ...Object.fromEntries(
      [...texts, 'scope', 'default_resource'].map((name) => [name, text(name)]),
    ),
    ...Object.fromEntries(lineFields.map((name) => [name, lines(name)])),
    ...Object.fromEntries(switches.map((name) => [name, client[name] === true ? 'yes' : ''])),
    rest: JSON.stringify(rest, null, 2),
  }
}

/** The whole metadata that the form holds, or what is wrong with it. */
export function readMetadata(
  typed: Typed,
): { metadata: Record<string, unknown> } | { errors: FieldErrors } {
  const rest = readObject(typed['rest'] ?? '')
  // Whether there must be redirect URIs is the engine's to say: that depends on the grants.
  const errors = problemsOf(typed, { needsRedirect: false })
  if (!rest) return { errors: { ...errors, rest: 'console.clients.notJson' } }
  if (Object.keys(errors).length > 0) return { errors }
  const lines = lineFields.map((name) => [name, forms.lines(typed[name])] as const)
  return {
    metadata: {
      ...Object.fromEntries(Object.entries(rest).filter(([name]) => !named.includes(name))),
      ...forms.values([...texts, 'default_resource'], typed),
      ...Object.fromEntries(
        // The engine wants to see that there are none; the other lists it wants to be left out.
        lines.filter(([name, values]) => values.length > 0 || name === 'redirect_uris'),
      ),
      ...Object.fromEntries(switches.map((name) => [name, typed[name] === 'yes' || null])),
      scope: words(typed['scope']),
    },
  }
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text || '{}')
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}
