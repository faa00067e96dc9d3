import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { isMessageKey, type Message } from '#view/translate.ts'
import { settingGroups } from '#config/describe.ts'
import { settingsSchema } from '#wire/settings.ts'

/** `/console/settings`: what the server runs with; for reading only, since it comes from the environment. */
export const settingsPages = (): PageRoute[] => [
  {
    method: 'get',
    path: '/console/settings',
    access: { scope: 'admin:settings' },
    handle: showSettings,
  },
]

async function showSettings({ api }: PageCall): Promise<PageAnswer> {
  const { settings } = await api.get('/admin/settings', settingsSchema)
  return {
    page: 'details',
    props: {
      area: 'console',
      section: 'settings',
      title: 'console.settings.title',
      lead: 'console.settings.lead',
      boxes: settingGroups.map((group) => ({
        heading: `console.settings.${group}`,
        rows: settings
          .filter((one) => one.group === group)
          .map(({ name, value, help }) => ({
            cell: {
              text: name,
              code: value || '—',
              note: helpOf(name, help),
            },
          })),
      })),
      errors: {},
    },
  }
}

/** What a setting is for, in the reader's language; the server's own words for one that has none yet. */
function helpOf(name: string, help: string): Message {
  const key = `settingHelp.${name}`
  return isMessageKey(key) ? key : { text: help }
}
