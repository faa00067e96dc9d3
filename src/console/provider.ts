import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { providerSchema, type WireProvider } from '#wire/providers.ts'
import { deleteBox, isConfirmed, notConfirmed } from './danger.ts'
import { emptyFields, inOurWords, providerFields, recipeOf } from './provider-fields.ts'
import { callbackBox, nameOfProvider, providersCrumb, providersPlace } from './providers.ts'

/** `/console/providers/:id`: one provider; those of the operator's file and environment are shown only. */
export function oneProviderPages(): PageRoute[] {
  const path = '/console/providers/:id'
  const access = { scope: 'admin:providers' }
  return [
    { method: 'get', path, access, handle: (call) => showProvider(call) },
    { method: 'post', path, access, handle: saveProvider },
    { method: 'post', path: `${path}/delete`, access, handle: deleteProvider },
  ]
}

const find = ({ api, params }: PageCall): Promise<WireProvider> =>
  api.get(at`/admin/providers/${params['id']}`, providerSchema)

async function showProvider(
  call: PageCall,
  retry?: { fields?: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const provider = await find(call)
  const { text, say } = nameOfProvider(provider)
  return {
    page: 'details',
    props: {
      ...providersPlace,
      title: say ?? { text: text! },
      crumb: providersCrumb,
      facts: [
        { label: 'console.providers.id', cell: { code: provider.id } },
        {
          label: 'console.providers.kind',
          cell: { say: `console.providers.kinds.${provider.kind}` },
        },
        {
          label: 'console.providers.source',
          cell: { say: `console.providers.sources.${provider.source}` },
        },
        { label: 'console.providers.clientId', cell: { code: provider.client_id } },
      ],
      boxes: [
        callbackBox(provider.callback_url),
        ...(provider.source === 'declared'
          ? [declaredBox]
          : [settingsBox(provider, retry?.fields), dangerBox(provider.id)]),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

const declaredBox: Box = {
  heading: 'console.providers.declared',
  text: 'console.providers.declaredText',
}

const settingsBox = (provider: WireProvider, typed?: Record<string, string>): Box => ({
  heading: 'console.providers.settings',
  forms: [
    {
      action: at`/console/providers/${provider.id}`,
      fields: providerFields(provider, typed),
      submit: 'shell.save',
      look: 'primary',
    },
  ],
})

const dangerBox = (id: string): Box =>
  deleteBox({
    action: at`/console/providers/${id}/delete`,
    heading: 'console.providers.delete',
    text: 'console.providers.deleteText',
    name: id,
  })

async function saveProvider(call: PageCall): Promise<PageAnswer> {
  const { api, fields } = call
  const again = (errors: FieldErrors) => showProvider(call, { fields, errors })
  const before = await find(call)
  const shown = providerFields(before, fields)
  const empty = emptyFields(shown, fields)
  if (Object.keys(empty).length > 0) return again(empty)
  return attempt(
    async () => {
      const { id, source: _source, callback_url: _callback, ...recipe } = before
      const names = new Set(shown.map(({ name }) => name))
      const hidden = Object.entries(recipe).filter(([name]) => !names.has(name))
      const path = at`/admin/providers/${id}`
      await api.put(path, { ...Object.fromEntries(hidden), ...recipeOf(fields) })
      return { to: at`/console/providers/${id}?done=saved` }
    },
    (errors) => again(inOurWords(errors)),
  )
}

async function deleteProvider(call: PageCall): Promise<PageAnswer> {
  const { id } = await find(call)
  const again = (errors: FieldErrors) => showProvider(call, { errors })
  if (!isConfirmed(call.fields, id)) return again(notConfirmed)
  return attempt(async () => {
    await call.api.delete(at`/admin/providers/${id}`)
    return { to: '/console/providers?done=providerDeleted' }
  }, again)
}
