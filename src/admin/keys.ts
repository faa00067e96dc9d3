import { z } from 'zod'
import { route, type ApiRoute } from '#http/api.ts'
import type { Keys } from '#oidc/keys.ts'
import type { SigningKey } from '#storage/signing-keys.ts'
import type { Audit } from './audited.ts'
import { iso } from './pages.ts'

/** `/admin/keys`: the signing keys, never their private halves. */
export interface KeyParts {
  keys: Pick<Keys, 'list' | 'rotate'>
  audit: Audit
}

const keySchema = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['next', 'current', 'previous']),
    created_at: z.iso.datetime(),
    state_since: z.iso.datetime(),
  })
  .meta({ id: 'SigningKey' })

export function keyRoutes({ keys, audit }: KeyParts): ApiRoute[] {
  const common = {
    tag: 'admin keys',
    access: { scope: 'admin:keys' },
    path: '/admin/keys',
  } as const
  const answer = {
    status: 200,
    description: 'Oldest first.',
    schema: z.object({ keys: z.array(keySchema) }),
  }
  const list = async () => ({ keys: (await keys.list()).map(presentKey) })
  return [
    route({
      ...common,
      method: 'get',
      summary: 'Every signing key with its state.',
      answer,
      handle: list,
    }),
    route({
      ...common,
      method: 'post',
      path: '/admin/keys/rotate',
      summary: 'next becomes current, current becomes previous, a new next is made.',
      body: z.strictObject({
        force: z
          .boolean()
          .optional()
          .describe('Also when others may not have fetched the next key yet: a key was stolen.'),
      }),
      answer,
      problems: { 409: 'keys_too_young; keys_changed: somebody else rotates' },
      async handle(call) {
        const { force = false } = call.body
        await keys.rotate({ force })
        audit({ type: 'keys.rotated', target: 'keys', details: { force } }, call)
        return list()
      },
    }),
  ]
}

const presentKey = (key: SigningKey): z.infer<typeof keySchema> => ({
  kid: key.id,
  alg: key.alg,
  state: key.state,
  created_at: iso(key.createdAt),
  state_since: iso(key.stateSince),
})
