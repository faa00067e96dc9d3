import { at, type ApiClient } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { resourceSchema } from '#wire/resources.ts'
import { deleteBox, isConfirmed, notConfirmed } from './danger.ts'
import { scopesBox } from './resource-scopes.ts'
import {
  inLocale,
  onFields,
  readResource,
  resourceFields,
  resourcesCrumb,
  resourcesPlace,
} from './resources.ts'

/** `/console/resources/:identifier`: one API, its scopes and its end. */
export function oneResourcePages(): PageRoute[] {
  const path = '/console/resources/:identifier'
  const access = { scope: 'admin:resources' }
  return [
    { method: 'get', path, access, handle: (call) => showResource(call) },
    { method: 'post', path, access, handle: saveResource },
    { method: 'post', path: `${path}/delete`, access, handle: deleteResource },
  ]
}

export const findResource = (api: ApiClient, identifier: string | undefined) =>
  api.get(at`/admin/resources/${identifier}`, resourceSchema)

async function showResource(
  { api, params, request }: PageCall,
  retry?: { fields?: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const resource = await findResource(api, params['identifier'])
  const { identifier, name, access_token_ttl: ttl } = resource
  const shown = retry?.fields ?? {
    'name.en': name['en'] ?? '',
    'name.zh-CN': name['zh-CN'] ?? '',
    access_token_ttl: ttl === null ? '' : String(ttl),
  }
  return {
    page: 'details',
    props: {
      ...resourcesPlace,
      title: { text: inLocale(name, request.locale) },
      crumb: resourcesCrumb,
      facts: [{ label: 'console.resources.identifier', cell: { code: identifier } }],
      boxes: [
        {
          heading: 'console.resources.about',
          forms: [
            {
              action: at`/console/resources/${identifier}`,
              fields: resourceFields(shown),
              submit: 'shell.save',
              look: 'primary',
            },
          ],
        },
        scopesBox(resource, request.locale),
        dangerBox(identifier),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

const dangerBox = (identifier: string): Box =>
  deleteBox({
    action: at`/console/resources/${identifier}/delete`,
    heading: 'console.resources.delete',
    text: 'console.resources.deleteText',
    name: identifier,
  })

async function saveResource(call: PageCall): Promise<PageAnswer> {
  const { api, fields, params } = call
  return attempt(
    async () => {
      const { identifier, ...before } = await findResource(api, params['identifier'])
      const path = at`/admin/resources/${identifier}`
      await api.put(path, { ...before, ...readResource(fields, before.name) })
      return { to: at`/console/resources/${identifier}?done=saved` }
    },
    (errors) => showResource(call, { fields, errors: onFields(errors) }),
  )
}

async function deleteResource(call: PageCall): Promise<PageAnswer> {
  const identifier = call.params['identifier'] ?? ''
  if (!isConfirmed(call.fields, identifier)) return showResource(call, { errors: notConfirmed })
  return attempt(
    async () => {
      await call.api.delete(at`/admin/resources/${identifier}`)
      return { to: '/console/resources?done=resourceDeleted' }
    },
    (errors) => showResource(call, { errors }),
  )
}
