import { z } from 'zod'
import { settingGroups } from '#config/describe.ts'

const settingSchema = z
  .object({
    name: z.string(),
    group: z.enum(settingGroups),
    value: z.string().describe('Empty if not set; secrets are masked.'),
    help: z.string(),
  })
  .meta({ id: 'Setting' })

export const settingsSchema = z.object({ settings: z.array(settingSchema) })
