import { providerKinds, type ProviderKind, type ProviderRecipe } from '#config/providers.ts'
import type { Field, FieldErrors } from '#view/signed-in-pages.ts'
import type { MessageKey } from '#view/translate.ts'
import { words } from './client-kinds.ts'

/** The fields of a provider: which its kind has, what they hold, and what their text means to `/admin/providers`. */
type Typed = Readonly<Record<string, string>>

export const isProviderKind = (text: string | undefined): text is ProviderKind =>
  providerKinds.some((kind) => kind === text)

const lines = {
  name: ['console.providers.name', 'console.providers.nameHelp'],
  issuer: ['console.providers.issuer', 'console.providers.issuerHelp'],
  client_id: ['console.providers.clientId', 'console.providers.clientIdHelp'],
  team_id: ['console.providers.teamId', undefined],
  key_id: ['console.providers.keyId', undefined],
  tenant: ['console.providers.tenant', 'console.providers.tenantHelp'],
  agent_id: ['console.providers.agentId', undefined],
  base_url: ['console.providers.baseUrl', 'console.providers.baseUrlHelp'],
  api_base_url: ['console.providers.apiBaseUrl', 'console.providers.baseUrlHelp'],
} as const satisfies Partial<
  Record<keyof ProviderRecipe, readonly [MessageKey, MessageKey | undefined]>
>

type Line = keyof typeof lines

/** What the kind has beside name and client ID, in the order of the form. */
const ofKind: Partial<Record<ProviderKind, readonly Line[]>> = {
  oidc: ['issuer'],
  apple: ['team_id', 'key_id'],
  microsoft: ['tenant'],
  wecom: ['agent_id'],
}

const linesOf = (kind: ProviderKind): Line[] => ['name', ...(ofKind[kind] ?? []), 'client_id']

const isOptional = (kind: ProviderKind, name: Line): boolean =>
  name === 'name' ? kind !== 'oidc' : name === 'tenant' || name.endsWith('base_url')

const line = (kind: ProviderKind, name: Line, shown: Typed): Field => ({
  kind: 'text',
  name,
  label: lines[name][0],
  help: lines[name][1],
  value: shown[name] ?? '',
  optional: isOptional(kind, name),
})

/** Apple's is a key of several lines, which a password field would join. It is never shown again. */
const secret = (kind: ProviderKind, { isKept }: { isKept: boolean }): Field => {
  const help = isKept ? ('console.providers.secretKept' as const) : undefined
  return kind === 'apple'
    ? {
        kind: 'area',
        name: 'client_secret',
        label: 'console.providers.privateKey',
        help,
        value: '',
        optional: isKept,
      }
    : {
        kind: 'password',
        name: 'client_secret',
        label: 'console.providers.secret',
        help,
        autocomplete: 'new-password',
        optional: isKept,
      }
}

/** Of a new provider: only what its kind needs. */
export const newProviderFields = (kind: ProviderKind, typed: Typed): Field[] => [
  {
    kind: 'text',
    name: 'id',
    label: 'console.providers.id',
    help: 'console.providers.idHelp',
    value: typed['id'] ?? suggestedId(kind),
    maxlength: 63,
  },
  ...linesOf(kind).map((name) => line(kind, name, typed)),
  secret(kind, { isKept: false }),
]

/** Any number of `oidc` is usual; of the others one. */
export const suggestedId = (kind: ProviderKind): string => (kind === 'oidc' ? '' : kind)

/** Of one that there is: all that can be changed. */
export function providerFields(recipe: ProviderRecipe, typed: Typed | undefined): Field[] {
  const { kind } = recipe
  const shown = typed ?? textsOf(recipe)
  return [
    ...linesOf(kind).map((name) => line(kind, name, shown)),
    secret(kind, { isKept: true }),
    {
      kind: 'text',
      name: 'scopes',
      label: 'console.providers.scopes',
      help: 'console.providers.scopesHelp',
      value: shown['scopes'] ?? '',
      optional: true,
    },
    {
      kind: 'choice',
      name: 'trust_email',
      label: 'console.providers.trustEmail',
      help: 'console.providers.trustEmailHelp',
      value: shown['trust_email'] ?? '',
      options: [
        { value: '', label: 'console.providers.trustUsual' },
        { value: 'yes', label: 'console.providers.trustYes' },
        { value: 'no', label: 'console.providers.trustNo' },
      ],
    },
    ...(['base_url', 'api_base_url'] as const).map((name) => line(kind, name, shown)),
  ]
}

const textsOf = (recipe: ProviderRecipe): Typed => ({
  ...Object.fromEntries(
    (Object.keys(lines) as Line[]).map((name) => [name, recipe[name]?.toString() ?? '']),
  ),
  scopes: recipe.scopes?.join(' ') ?? '',
  trust_email: recipe.trust_email === undefined ? '' : recipe.trust_email ? 'yes' : 'no',
})

/** What was typed, without what was left empty. A secret is sent as it is: a space may belong to it. */
export function recipeOf(typed: Typed): Record<string, unknown> {
  const scopes = words(typed['scopes'])?.split(' ')
  const trust = typed['trust_email']
  return {
    ...Object.fromEntries(
      Object.keys(lines).flatMap((name) => {
        const text = typed[name]?.trim()
        return text ? [[name, text]] : []
      }),
    ),
    ...(typed['client_secret'] && { client_secret: typed['client_secret'] }),
    ...(scopes && { scopes }),
    ...(trust && { trust_email: trust === 'yes' }),
  }
}

/** Which of these fields were left empty and may not be. */
export const emptyFields = (fields: readonly Field[], typed: Typed): FieldErrors =>
  Object.fromEntries(
    fields
      .filter((field) => !('optional' in field && field.optional) && field.kind !== 'choice')
      .filter(({ name }) => !typed[name]?.trim())
      .map(({ name }) => [name, 'errors.required' as const]),
  )

const sentences: Record<string, MessageKey> = {
  id: 'console.providers.badId',
  name: 'console.providers.badName',
  issuer: 'console.providers.badAddress',
  base_url: 'console.providers.badAddress',
  api_base_url: 'console.providers.badAddress',
  scopes: 'console.providers.badScopes',
  client_secret: 'console.providers.secretAgain',
}

/** The API's errors with the sentences of these fields; one of several scopes is `scopes.1` there. */
export const inOurWords = (errors: FieldErrors): FieldErrors =>
  Object.fromEntries(
    Object.entries(errors).map(([path, error]) => {
      const name = path.split('.')[0]!
      return [name, sentences[name] ?? error]
    }),
  )
