import { z } from 'zod'

const settingSchema = z
  .object({
    name: z.string(),
    group: z.enum(['server', 'storage', 'tokens', 'accounts', 'looks']),
    value: z.string().describe('Empty when it is not set; a secret is masked.'),
    help: z.string(),
  })
  .meta({ id: 'Setting' })

export const settingsSchema = z.object({ settings: z.array(settingSchema) })
