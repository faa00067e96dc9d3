import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import type { Keys } from '#oidc/keys.ts'
import { signingKeysSchema, presentSigningKey } from '#wire/signing-keys.ts'

/** `/admin/keys`: the signing keys, never their private halves. */
export interface KeyParts {
  keys: Pick<Keys, 'list' | 'rotate' | 'revoke'>
  /** Puts changed keys into service in this process now; other processes poll for them. */
  refreshKeys(): Promise<unknown>
  audit: AuditAsCaller
}

const common = {
  tag: 'admin keys',
  access: { scope: 'admin:keys' },
  path: '/admin/keys',
} as const

const answer = {
  status: 200,
  description: 'Oldest first.',
  schema: signingKeysSchema,
}

export function keyRoutes(parts: KeyParts): ApiRoute[] {
  const { keys, audit } = parts
  const list = async () => ({ keys: (await keys.list()).map(presentSigningKey) })
  return [
    route({
      ...common,
      method: 'get',
      summary: 'List signing keys.',
      answer,
      handle: list,
    }),
    route({
      ...common,
      method: 'post',
      path: '/admin/keys/rotate',
      summary:
        'Rotate the signing keys: next becomes current, current becomes previous, and a new next is created.',
      body: z.strictObject({
        force: z
          .boolean()
          .optional()
          .describe('Rotate even if clients may not have fetched the next key yet.'),
      }),
      answer,
      problems: ['keys_too_young', 'keys_changed'],
      async handle(call) {
        const { force = false } = call.body
        await keys.rotate({ force })
        audit({ type: 'keys.rotated', target: 'keys', details: { force } }, call)
        return list()
      },
    }),
    revokeRoute(parts, list),
  ]
}

const revokeRoute = (
  { keys, refreshKeys, audit }: KeyParts,
  list: () => Promise<z.infer<typeof answer.schema>>,
): ApiRoute =>
  route({
    ...common,
    method: 'post',
    path: '/admin/keys/:kid/revoke',
    summary: 'Revoke a compromised key. Every token it signed becomes invalid.',
    params: z.object({ kid: text(64) }),
    answer,
    problems: ['not_found'],
    async handle(call) {
      const { alg, state } = await keys.revoke(call.params.kid)
      const target = `key:${call.params.kid}`
      audit({ type: 'keys.revoked', target, details: { alg, state } }, call)
      await refreshKeys()
      return list()
    },
  })
