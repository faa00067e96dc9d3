import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import type { Storage } from '#storage/storage.ts'
import { apiKeyPageSchema, presentAnyKey, adminApiKeySchema } from '#wire/api-keys.ts'
import { pageQuery } from '#wire/pages.ts'
import { notFound } from './refusals.ts'

/** `/admin/api-keys`: the keys of everyone; only their owners make them. */
export interface ApiKeyParts {
  storage: Pick<Storage, 'apiKeys'>
  audit: AuditAsCaller
}

const keyId = z.object({ id: text(32) })

export function adminApiKeyRoutes({ storage, audit }: ApiKeyParts): ApiRoute[] {
  const common = { tag: 'admin api keys', access: { scope: 'admin:api-keys' } } as const
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/api-keys',
      summary: 'List all API keys, newest first, without their secrets.',
      query: pageQuery,
      answer: {
        status: 200,
        description: 'A page of keys.',
        schema: apiKeyPageSchema,
      },
      async handle({ query }) {
        const { keys, next } = await storage.apiKeys.list(query)
        return {
          api_keys: keys.map(presentAnyKey),
          next_cursor: next ?? null,
        }
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/admin/api-keys/:id',
      summary: 'Get an API key, without its secret.',
      params: keyId,
      answer: { status: 200, description: 'The key.', schema: adminApiKeySchema },
      async handle({ params }) {
        const key = await storage.apiKeys.find(params.id)
        if (!key) throw notFound()
        return presentAnyKey(key)
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/admin/api-keys/:id',
      summary: 'Revoke an API key.',
      params: keyId,
      answer: { status: 204, description: 'No content.' },
      async handle(call) {
        const { id } = call.params
        const key = await storage.apiKeys.find(id)
        if (!key || !(await storage.apiKeys.remove(id))) throw notFound()
        const details = { before: { user_id: key.userId, name: key.name, scopes: key.scopes } }
        audit({ type: 'api_key.revoked', target: `api_key:${id}`, details }, call)
      },
    }),
  ]
}
