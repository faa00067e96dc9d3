import { z } from 'zod'
import type { SigningKey } from '#storage/signing-keys.ts'
import { iso } from './pages.ts'

export const signingKeySchema = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['next', 'current', 'previous']),
    created_at: z.iso.datetime(),
    state_since: z.iso.datetime(),
  })
  .meta({ id: 'SigningKey' })

export type WireSigningKey = z.infer<typeof signingKeySchema>

export const signingKeysSchema = z.object({ keys: z.array(signingKeySchema) })

export const presentSigningKey = (key: SigningKey): z.infer<typeof signingKeySchema> => ({
  kid: key.id,
  alg: key.alg,
  state: key.state,
  created_at: iso(key.createdAt),
  state_since: iso(key.stateSince),
})
