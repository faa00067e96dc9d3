import { z } from 'zod'
import type { DescribedSetting } from '#config/describe.ts'
import { route, type ApiRoute } from '#http/api.ts'

/** `/admin/settings`: what the server runs with; for reading only, since settings come from the environment. */
export interface SettingsParts {
  settings: readonly DescribedSetting[]
}

const settingSchema = z
  .object({
    name: z.string(),
    group: z.enum(['server', 'storage', 'tokens', 'accounts', 'looks']),
    value: z.string().describe('Empty when it is not set; a secret is masked.'),
    help: z.string(),
  })
  .meta({ id: 'Setting' })

export const settingsRoutes = ({ settings }: SettingsParts): ApiRoute[] => [
  route({
    tag: 'admin settings',
    access: { scope: 'admin:settings' },
    method: 'get',
    path: '/admin/settings',
    summary: 'Every setting as it is in force, secrets masked.',
    answer: {
      status: 200,
      description: 'The settings, by group.',
      schema: z.object({ settings: z.array(settingSchema) }),
    },
    handle: () => Promise.resolve({ settings }),
  }),
]
