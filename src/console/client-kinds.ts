import type { Field } from '#view/signed-in-pages.ts'
import type { MessageKey } from '#view/translate.ts'
import type { WireClient } from '#wire/clients.ts'
import { forms } from './forms.ts'

/**
 * The four kinds of applications that OAuth knows, as someone would name them who has never seen it. A kind decides which
 * fields are asked for and what metadata (RFC 7591) they become.
 */
export const clientKinds = ['web', 'spa', 'native', 'machine'] as const
export type ClientKind = (typeof clientKinds)[number]

export const isClientKind = (text: string | undefined): text is ClientKind =>
  clientKinds.some((kind) => kind === text)

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** What a client is, told from its metadata. */
export function kindOf(client: WireClient): ClientKind {
  const grants = client.grant_types ?? ['authorization_code']
  const meetsPeople = grants.includes('authorization_code') || grants.includes(deviceGrant)
  if (!meetsPeople && grants.includes('client_credentials')) return 'machine'
  if (client.token_endpoint_auth_method !== 'none') return 'web'
  return client.application_type === 'native' ? 'native' : 'spa'
}

export const nameOfClient = ({ client_name: name, client_id: id }: WireClient): string => name || id

type Typed = Readonly<Record<string, string>>

const placeholders: Record<ClientKind, string> = {
  web: 'https://notes.example.com/callback',
  spa: 'https://notes.example.com/callback',
  native: 'com.example.notes:/callback',
  machine: '',
}

/** The fields of a new client of this kind. */
export function fieldsFor(kind: ClientKind, typed: Typed, resources: Field[]): Field[] {
  const name: Field = {
    kind: 'text',
    name: 'client_name',
    label: 'console.clients.name',
    help: 'console.clients.nameHelp',
    value: typed['client_name'] ?? '',
    maxlength: 255,
  }
  if (kind === 'machine') return [name, ...resources, scopeField(typed['scope'] ?? '')]
  const device: Field = {
    kind: 'check',
    name: 'device',
    label: 'console.clients.device',
    help: 'console.clients.deviceHelp',
    checked: typed['device'] === 'yes',
  }
  return [
    name,
    area('redirect_uris', typed, { placeholder: placeholders[kind] }),
    area('post_logout_redirect_uris', typed, { optional: true }),
    ...(kind === 'spa' ? [area('allowed_cors_origins', typed, { optional: true })] : []),
    ...(kind === 'native' ? [device] : []),
    ...resources,
  ]
}

export const scopeField = (value: string): Field => ({
  kind: 'text',
  name: 'scope',
  label: 'console.clients.scope',
  help: 'console.clients.scopeHelp',
  value,
  optional: true,
})

const areas = {
  redirect_uris: ['console.clients.redirectUris', 'console.clients.redirectUrisHelp'],
  post_logout_redirect_uris: [
    'console.clients.postLogoutUris',
    'console.clients.postLogoutUrisHelp',
  ],
  allowed_cors_origins: ['console.clients.origins', 'console.clients.originsHelp'],
  introspection_resources: ['console.clients.introspection', 'console.clients.introspectionHelp'],
} as const satisfies Record<string, readonly [MessageKey, MessageKey]>

export type LineField = keyof typeof areas
export const lineFields = Object.keys(areas) as LineField[]

/** Addresses, one a line. */
export const area = (
  name: LineField,
  typed: Typed,
  options: { optional?: boolean; placeholder?: string } = {},
): Field => ({
  kind: 'area',
  name,
  label: areas[name][0],
  help: areas[name][1],
  value: typed[name] ?? '',
  ...options,
})

/** The metadata of a new client, from what was typed. */
export function metadataOf(kind: ClientKind, typed: Typed): Record<string, unknown> {
  const shared = {
    client_name: typed['client_name']?.trim(),
    default_resource: typed['default_resource']?.trim() || undefined,
  }
  if (kind === 'machine')
    return {
      ...shared,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: words(typed['scope']),
    }
  const redirectUris = forms.lines(typed['redirect_uris'])
  const hasDevice = kind === 'native' && typed['device'] === 'yes'
  return {
    ...shared,
    redirect_uris: redirectUris,
    post_logout_redirect_uris: forms.lines(typed['post_logout_redirect_uris']),
    grant_types: ['authorization_code', 'refresh_token', ...(hasDevice ? [deviceGrant] : [])],
    response_types: ['code'],
    ...(kind === 'web' ? {} : { token_endpoint_auth_method: 'none' }),
    ...(kind === 'native' ? { application_type: 'native' } : {}),
    ...(kind === 'spa' ? { allowed_cors_origins: originsOf(typed, redirectUris) } : {}),
  }
}

/** Of a single-page app the pages that may call the token endpoint; where none are named, those it comes back to. */
function originsOf(typed: Typed, redirectUris: readonly string[]): string[] {
  const named = forms.lines(typed['allowed_cors_origins'])
  const known = redirectUris.filter((uri) => URL.canParse(uri)).map((uri) => new URL(uri).origin)
  return named.length > 0 ? named : [...new Set(known)]
}

export const words = (text: string | undefined): string | undefined =>
  text
    ?.split(/[\s,]+/)
    .filter(Boolean)
    .join(' ') || undefined
