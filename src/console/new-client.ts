import { at, type ApiClient } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { clientWithSecretSchema, type WireClient } from '#wire/clients.ts'
import {
  clientKinds,
  fieldsFor,
  isClientKind,
  metadataOf,
  nameOfClient,
  type ClientKind,
} from './client-kinds.ts'
import { problemsOf } from './client-problems.ts'
import { clientsPlace } from './clients.ts'
import { codeBoxes } from './code.ts'
import { resourceField, resourceIds } from './resource-choice.ts'

/** `/console/clients/new`: an application in under a minute: which kind, its name, where it gets people back. */
export function newClientPages(options: { issuer: string }): PageRoute[] {
  const common = { path: '/console/clients/new', access: { scope: 'admin:clients' } }
  return [
    {
      ...common,
      method: 'get',
      handle: ({ api, query }) =>
        isClientKind(query['kind']) ? showForm(api, query['kind']) : Promise.resolve(showKinds()),
    },
    { ...common, method: 'post', handle: (call) => createClient(call, options.issuer) },
  ]
}

const crumb = { href: '/console/clients', label: 'console.clients.title' } as const

const showKinds = (): PageAnswer => ({
  page: 'details',
  props: {
    ...clientsPlace,
    title: 'console.clients.add',
    lead: 'console.clients.chooseKind',
    crumb,
    boxes: [
      {
        heading: 'console.clients.whichKind',
        links: clientKinds.map((kind) => ({
          href: `/console/clients/new?kind=${kind}`,
          label: `console.clients.kinds.${kind}` as const,
          text: `console.clients.kindTexts.${kind}` as const,
        })),
      },
    ],
    errors: {},
  },
})

async function showForm(
  api: ApiClient,
  kind: ClientKind,
  retry?: { fields: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const { fields = {}, errors = {} } = retry ?? {}
  const resources = resourceField(await resourceIds(api), fields['default_resource'] ?? '')
  return {
    page: 'details',
    props: {
      ...clientsPlace,
      title: `console.clients.kinds.${kind}`,
      lead: `console.clients.kindTexts.${kind}`,
      crumb: { href: '/console/clients/new', label: 'console.clients.otherKind' },
      boxes: [
        {
          heading: 'console.clients.add',
          forms: [
            {
              action: '/console/clients/new',
              hidden: { kind },
              fields: fieldsFor(kind, fields, [resources]),
              submit: 'console.clients.create',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

async function createClient({ api, fields }: PageCall, issuer: string): Promise<PageAnswer> {
  const { kind } = fields
  if (!isClientKind(kind)) return showKinds()
  const again = (errors: FieldErrors) => showForm(api, kind, { fields, errors })
  const problems = problemsOf(fields, { needsRedirect: kind !== 'machine' })
  if (Object.keys(problems).length > 0) return again(problems)
  return attempt(
    async () =>
      madeClient(
        await api.post('/admin/clients', metadataOf(kind, fields), clientWithSecretSchema),
        issuer,
      ),
    again,
  )
}

/** The only answer that has the secret, so the code on it is complete. */
function madeClient(client: WireClient, issuer: string): PageAnswer {
  const { client_id: id, client_secret: secret } = client
  return {
    page: 'details',
    props: {
      ...clientsPlace,
      title: { key: 'console.clients.made', values: { name: nameOfClient(client) } },
      lead: secret === undefined ? 'console.clients.madePublic' : 'console.clients.madeSecret',
      crumb,
      ...(secret === undefined
        ? { facts: [{ label: 'console.clients.id', cell: { code: id } }] }
        : { secret: credentials(id, secret) }),
      boxes: [nextBox(id), ...codeBoxes(client, { issuer, secret })],
      errors: {},
    },
  }
}

const credentials = (id: string, secret: string) => [
  { label: 'console.clients.id' as const, text: id },
  { label: 'console.clients.secret' as const, text: secret },
]

const nextBox = (id: string): Box => ({
  heading: 'console.clients.next',
  text: 'console.clients.nextText',
  links: [
    { href: at`/console/clients/${id}`, label: 'console.clients.toSettings' },
    { href: at`/console/clients/${id}/integrate`, label: 'console.clients.toCode' },
  ],
})
