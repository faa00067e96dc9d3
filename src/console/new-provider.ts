import { providerKinds, type ProviderKind } from '#config/providers.ts'
import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { providerSchema } from '#wire/providers.ts'
import {
  emptyFields,
  inOurWords,
  isProviderKind,
  newProviderFields,
  recipeOf,
  suggestedId,
} from './provider-fields.ts'
import { callbackBox, providersCrumb, providersPlace } from './providers.ts'

/** `/console/providers/new`: which kind, then what that kind needs, beside the callback that its vendor must know. */
export function newProviderPages({ issuer }: { issuer: string }): PageRoute[] {
  const common = { path: '/console/providers/new', access: { scope: 'admin:providers' } }
  return [
    {
      ...common,
      method: 'get',
      handle: ({ query: { kind } }) =>
        Promise.resolve(isProviderKind(kind) ? showForm({ issuer, kind }) : showKinds()),
    },
    { ...common, method: 'post', handle: (call) => createProvider(call, issuer) },
  ]
}

const showKinds = (): PageAnswer => ({
  page: 'details',
  props: {
    ...providersPlace,
    title: 'console.providers.add',
    lead: 'console.providers.addLead',
    crumb: providersCrumb,
    boxes: [
      {
        heading: 'console.providers.whichKind',
        links: providerKinds.map((kind) => ({
          href: `/console/providers/new?kind=${kind}`,
          label: `console.providers.kinds.${kind}` as const,
          text: `console.providers.kindTexts.${kind}` as const,
        })),
      },
    ],
    errors: {},
  },
})

interface FormOptions {
  issuer: string
  kind: ProviderKind
  retry?: { fields: Record<string, string>; errors: FieldErrors }
}

function showForm({ issuer, kind, retry }: FormOptions): PageAnswer {
  const { fields = {}, errors = {} } = retry ?? {}
  // The words of the page stand where no id is known yet.
  const id = fields['id']?.trim() || suggestedId(kind) || '<id>'
  return {
    page: 'details',
    props: {
      ...providersPlace,
      title: `console.providers.kinds.${kind}`,
      lead: `console.providers.kindTexts.${kind}`,
      crumb: { href: '/console/providers/new', label: 'console.providers.otherKind' },
      boxes: [
        callbackBox(`${issuer}/oauth/${id}/callback`),
        {
          heading: 'console.providers.add',
          forms: [
            {
              action: '/console/providers/new',
              hidden: { kind },
              fields: newProviderFields(kind, fields),
              submit: 'console.providers.create',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

async function createProvider({ api, fields }: PageCall, issuer: string): Promise<PageAnswer> {
  const { kind } = fields
  if (!isProviderKind(kind)) return showKinds()
  const again = (errors: FieldErrors) => showForm({ issuer, kind, retry: { fields, errors } })
  const empty = emptyFields(newProviderFields(kind, fields), fields)
  if (Object.keys(empty).length > 0) return again(empty)
  return attempt(
    async () => {
      const body = { ...recipeOf(fields), kind, id: fields['id']?.trim() }
      const { id } = await api.post('/admin/providers', body, providerSchema)
      return { to: at`/console/providers/${id}?done=providerCreated` }
    },
    (errors) => Promise.resolve(again(inOurWords(errors))),
  )
}
