import { z } from 'zod'
import { route, text, type Access, type ApiRoute, type Caller } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { ApiKeyStore } from '#storage/api-keys.ts'
import type { Locale } from '#view/translate.ts'
import {
  type DescribedScope,
  newApiKeySchema,
  presentApiKey,
  apiKeysSchema,
  describedScopesSchema,
} from '#wire/api-keys.ts'
import type { ApiKeys } from './keys.ts'

/**
 * `/users/api-keys…`: keys that a person makes for programs of their own. For anyone who brings a token of the person with
 * the scope `account:write`; a key cannot make keys, and neither can an application of others, whose access must end when
 * its grant does. Making and revoking are written to the audit log.
 */
export interface ApiKeyRouteParts {
  keys: ApiKeys
  store: Pick<ApiKeyStore, 'listByUser' | 'remove'>
  /** Whether the operator runs this application. */
  isFirstParty(clientId: string | undefined): Promise<boolean>
  /** The scopes of our own API that someone with these may give to a key, as people read them. */
  describeScopes(scopes: ReadonlySet<string>, locale: Locale): Promise<DescribedScope[]>
  now(): number
  audit: AuditAsCaller
}

const wanted = z.strictObject({
  name: text(100).min(1),
  scopes: z.array(text(128)).max(50),
  expires_at: z.iso.datetime({ offset: true }).optional(),
})

export function apiKeyRoutes({ keys, store, now, audit, ...parts }: ApiKeyRouteParts): ApiRoute[] {
  const tag = 'api keys'
  const read: Access = { scope: 'account:read', asPerson: true }
  const write: Access = { scope: 'account:write', asPerson: true }
  return [
    route({
      tag,
      method: 'post',
      path: '/users/api-keys',
      access: write,
      summary: 'Create an API key. Its scopes are limited to mine; the key is shown only once.',
      body: wanted,
      answer: {
        status: 201,
        description: 'The key.',
        schema: newApiKeySchema,
      },
      problems: ['invalid_scope'],
      async handle(call) {
        const { body, caller } = call
        if (!(await mayMakeKeys(caller, parts))) throw new AppError('forbidden')
        const expiresAt = body.expires_at === undefined ? undefined : Date.parse(body.expires_at)
        if (expiresAt !== undefined && expiresAt <= now()) {
          throw new AppError('validation_failed', {
            problems: [{ path: 'body.expires_at', message: 'must be in the future' }],
          })
        }
        const made = await keys.create(
          { userId: caller.userId!, name: body.name, scopes: body.scopes, expiresAt },
          caller,
        )
        audit(
          {
            type: 'api_key.created',
            target: `api_key:${made.record.id}`,
            details: { scopes: body.scopes },
          },
          call,
        )
        return { ...presentApiKey(made.record), key: made.key }
      },
    }),
    route({
      tag,
      method: 'get',
      path: '/users/api-keys',
      access: read,
      summary: 'List my API keys, without their secrets.',
      answer: {
        status: 200,
        description: 'Newest first.',
        schema: apiKeysSchema,
      },
      handle: async ({ caller }) => ({
        api_keys: (await store.listByUser(caller.userId!)).map(presentApiKey),
      }),
    }),
    route({
      tag,
      method: 'get',
      path: '/users/api-key-scopes',
      access: read,
      summary: 'List the scopes I can give to a key.',
      answer: {
        status: 200,
        description: 'In the language of the request.',
        schema: describedScopesSchema,
      },
      handle: async ({ caller, request }) => ({
        scopes: await parts.describeScopes(caller.scopes, request.locale),
      }),
    }),
    route({
      tag,
      method: 'delete',
      path: '/users/api-keys/:id',
      access: write,
      summary: 'Revoke an API key.',
      params: z.object({ id: text(32) }),
      answer: { status: 204, description: 'No content.' },
      async handle(call) {
        if (!(await store.remove(call.params.id, call.caller.userId)))
          throw new AppError('not_found')
        audit({ type: 'api_key.revoked', target: `api_key:${call.params.id}` }, call)
      },
    }),
  ]
}

const mayMakeKeys = async (
  { via, clientId }: Caller,
  { isFirstParty }: Pick<ApiKeyRouteParts, 'isFirstParty'>,
): Promise<boolean> => via === 'session' || (via === 'token' && isFirstParty(clientId))
