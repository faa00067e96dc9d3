import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, Cell } from '#view/signed-in-pages.ts'
import { type WireProvider, providersSchema } from '#wire/providers.ts'

/** `/console/providers`: with whom people sign in. A new one is made in `new-provider.ts`, one of them is in `provider.ts`. */
export const providerPages = (): PageRoute[] => [
  {
    method: 'get',
    path: '/console/providers',
    access: { scope: 'admin:providers' },
    handle: showProviders,
  },
]

export const providersPlace = { area: 'console', section: 'providers' } as const
export const providersCrumb = {
  href: '/console/providers',
  label: 'console.providers.title',
} as const

export const nameOfProvider = ({ name, kind }: WireProvider): Pick<Cell, 'text' | 'say'> =>
  name === undefined ? { say: `console.providers.kinds.${kind}` } : { text: name }

/** The address that the provider must know, to be copied. */
export const callbackBox = (address: string): Box => ({
  heading: 'console.providers.callback',
  text: 'console.providers.callbackText',
  codes: [{ label: 'console.providers.callbackUrl', text: address }],
})

async function showProviders({ api }: PageCall): Promise<PageAnswer> {
  const { providers } = await api.get('/admin/providers', providersSchema)
  return {
    page: 'list',
    props: {
      ...providersPlace,
      title: 'console.providers.title',
      lead: 'console.providers.lead',
      add: { href: '/console/providers/new', label: 'console.providers.add' },
      filters: [],
      filterAction: '/console/providers',
      columns: [
        { label: 'console.providers.provider' },
        { label: 'console.providers.kind' },
        { label: 'console.providers.source' },
        { label: 'console.providers.callbackUrl' },
      ],
      rows: providers.map((provider) => [
        {
          ...nameOfProvider(provider),
          href: at`/console/providers/${provider.id}`,
          sub: provider.id,
        },
        { say: `console.providers.kinds.${provider.kind}` },
        { say: `console.providers.sources.${provider.source}` },
        { code: provider.callback_url },
      ]),
      empty: {
        heading: 'console.providers.none',
        text: 'console.providers.noneText',
        href: '/console/providers/new',
        action: 'console.providers.add',
      },
    },
  }
}
