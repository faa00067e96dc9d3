import type { DescribedSetting } from '#config/describe.ts'
import { route, type ApiRoute } from '#http/api.ts'
import { settingsSchema } from '#wire/settings.ts'

/** `/admin/settings`: what the server runs with; for reading only, since settings come from the environment. */
export interface SettingsParts {
  settings: readonly DescribedSetting[]
}

export const settingsRoutes = ({ settings }: SettingsParts): ApiRoute[] => [
  route({
    tag: 'admin settings',
    access: { scope: 'admin:settings' },
    method: 'get',
    path: '/admin/settings',
    summary: 'List the settings in effect, secrets masked.',
    answer: {
      status: 200,
      description: 'The settings, by group.',
      schema: settingsSchema,
    },
    handle: () => Promise.resolve({ settings: [...settings] }),
  }),
]
