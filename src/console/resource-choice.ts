import type { ApiClient } from '#http/api-client.ts'
import type { Field } from '#view/signed-in-pages.ts'
import { visibleResources } from './permissions.ts'

/** The identifiers of the APIs, as far as this administrator may see them. */
export const resourceIds = async (api: ApiClient): Promise<string[]> =>
  (await visibleResources(api)).map(({ identifier }) => identifier)

/** Which API a client's tokens are for: a choice of those that can be seen, else a line of text. */
export function resourceField(ids: readonly string[], value: string): Field {
  const about = {
    name: 'default_resource',
    label: 'console.clients.resource',
    help: 'console.clients.resourceHelp',
    value,
  } as const
  if (ids.length === 0) return { ...about, kind: 'text', optional: true }
  const known = value === '' || ids.includes(value) ? ids : [value, ...ids]
  return {
    ...about,
    kind: 'choice',
    options: [
      { value: '', label: 'console.clients.noResource' },
      ...known.map((id) => ({ value: id, label: { text: id } })),
    ],
  }
}
