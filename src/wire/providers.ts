import { z } from 'zod'
import { providerFields } from '#config/providers.ts'

export const providerSchema = z
  .object({
    ...providerFields,
    id: z.string(),
    source: z
      .enum(['declared', 'stored'])
      .describe('`declared`: set in the configuration file or the environment, read-only here.'),
    callback_url: z.string().describe('Register it with the provider.'),
  })
  .meta({ id: 'Provider' })

export const providersSchema = z.object({ providers: z.array(providerSchema) })

export type WireProvider = z.infer<typeof providerSchema>
