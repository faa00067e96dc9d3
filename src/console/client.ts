import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { clientSchema, clientWithSecretSchema, type WireClient } from '#wire/clients.ts'
import { clientActionPages, dangerBox, secretsBox } from './client-actions.ts'
import { fieldsOf, readMetadata, type ClientPageOptions } from './client-form.ts'
import { kindOf, nameOfClient } from './client-kinds.ts'
import { clientsPlace } from './clients.ts'
import { resourceIds } from './resource-choice.ts'

/** `/console/clients/:id`: what one application may do, its secrets, its end. */
export function oneClientPages(): PageRoute[] {
  const common = { path: '/console/clients/:id', access: { scope: 'admin:clients' } }
  return [
    { ...common, method: 'get', handle: (call) => showClient(call) },
    { ...common, method: 'post', handle: saveClient },
    ...clientActionPages(showClient),
  ]
}

async function showClient(
  { api, params }: PageCall,
  { fields, errors, secret }: ClientPageOptions = {},
): Promise<PageAnswer> {
  const client = await api.get(at`/admin/clients/${params['id']}`, clientSchema)
  const { client_id: id } = client
  return {
    page: 'details',
    props: {
      ...clientsPlace,
      title: { text: nameOfClient(client) },
      crumb: { href: '/console/clients', label: 'console.clients.title' },
      facts: [
        { label: 'console.clients.id', cell: { code: id } },
        { label: 'console.clients.kind', cell: { say: `console.clients.kinds.${kindOf(client)}` } },
        { label: 'console.clients.created', cell: { when: client.created_at } },
        { label: 'console.clients.changed', cell: { when: client.updated_at } },
      ],
      ...(secret !== undefined && {
        secret: [{ label: 'console.clients.secret' as const, text: secret }],
      }),
      boxes: [
        codeBox(client),
        {
          heading: 'console.clients.settings',
          forms: [
            {
              action: at`/console/clients/${id}`,
              fields: fieldsOf(client, fields, await resourceIds(api)),
              submit: 'shell.save',
              look: 'primary',
            },
          ],
        },
        ...secretsBox(client),
        dangerBox(client),
      ],
      errors: errors ?? {},
    },
  }
}

const codeBox = ({ client_id: id }: WireClient): Box => ({
  heading: 'console.code.title',
  text: 'console.code.about',
  links: [{ href: at`/console/clients/${id}/integrate`, label: 'console.clients.toCode' }],
})

async function saveClient(call: PageCall): Promise<PageAnswer> {
  const { api, fields, params } = call
  const again = (errors: FieldErrors) => showClient(call, { fields, errors })
  const read = readMetadata(fields)
  if ('errors' in read) return again(read.errors)
  return attempt(async () => {
    const path = at`/admin/clients/${params['id']}`
    const { client_secret: secret } = await api.put(path, read.metadata, clientWithSecretSchema)
    // It has come to need one: the way in which it authenticates was changed.
    if (secret !== undefined) return showClient(call, { secret })
    return { to: at`/console/clients/${params['id']}?done=saved` }
  }, again)
}
