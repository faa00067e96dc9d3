import type { ClientMetadata } from '#wire/clients.ts'
import { invalid } from './refusals.ts'

/** What our answers add; anyone who sends one back gets no error for it, and changes nothing by it. */
const ours = ['client_id', 'live_secrets', 'created_at', 'updated_at', 'client_secret_expires_at']
const refused = ['client_secret', 'registration_access_token', 'registration_client_uri']

/** The members of a body that are to be stored. Rejects with 422 when it brings a secret: those are made here. */
export function storedMetadata(body: ClientMetadata): Record<string, unknown> {
  const forbidden = refused.find((name) => body[name] !== undefined)
  if (forbidden !== undefined) throw invalid(`body.${forbidden}`, 'cannot be given')
  return Object.fromEntries(
    Object.entries(body).filter(
      ([name, value]) => !ours.includes(name) && value !== null && value !== undefined,
    ),
  )
}

/** RFC 7591 §2: `client_secret_basic` unless it says otherwise. */
export function usesSecret(metadata: Record<string, unknown>): boolean {
  const method = metadata['token_endpoint_auth_method'] ?? 'client_secret_basic'
  return typeof method === 'string' && method.startsWith('client_secret_')
}

/** The scopes that the client may ask for by itself, restricted ones included. */
export const scopesOfClient = ({ scope }: Record<string, unknown>): string[] =>
  typeof scope === 'string' ? scope.split(' ') : []
