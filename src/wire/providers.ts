import { z } from 'zod'
import { providerFields } from '#config/providers.ts'

export const providerSchema = z
  .object({
    ...providerFields,
    id: z.string(),
    source: z.enum(['declared', 'stored']).describe('Declared ones are the operator’s to change.'),
    callback_url: z.string().describe('To be registered at the provider.'),
  })
  .meta({ id: 'Provider' })

export const providersSchema = z.object({ providers: z.array(providerSchema) })

export type WireProvider = z.infer<typeof providerSchema>
