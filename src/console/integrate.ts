import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { clientSchema } from '#wire/clients.ts'
import { kindOf, nameOfClient } from './client-kinds.ts'
import { clientsPlace } from './clients.ts'
import { codeBoxes } from './code.ts'

/** `/console/clients/:id/integrate`: code for this very client. */
export const integratePages = (options: { issuer: string }): PageRoute[] => [
  {
    method: 'get',
    path: '/console/clients/:id/integrate',
    access: { scope: 'admin:clients' },
    handle: (call) => showCode(call, options.issuer),
  },
]

async function showCode({ api, params }: PageCall, issuer: string): Promise<PageAnswer> {
  const client = await api.get(at`/admin/clients/${params['id']}`, clientSchema)
  const { client_id: id, default_resource: resource = null } = client
  const boxes = codeBoxes(client, { issuer })
  return {
    page: 'details',
    props: {
      ...clientsPlace,
      title: 'console.code.title',
      lead: client.live_secrets > 0 ? 'console.code.leadSecret' : 'console.code.lead',
      crumb: { href: at`/console/clients/${id}`, label: { text: nameOfClient(client) } },
      facts: [
        { label: 'console.clients.kind', cell: { say: `console.clients.kinds.${kindOf(client)}` } },
        { label: 'console.code.issuer', cell: { code: issuer } },
        { label: 'console.clients.id', cell: { code: id } },
        ...(resource === null
          ? []
          : [{ label: 'console.clients.resource' as const, cell: { code: resource } }]),
      ],
      boxes:
        boxes.length > 0
          ? boxes
          : [{ heading: 'console.code.none', text: 'console.code.noneText' }],
      errors: {},
    },
  }
}
