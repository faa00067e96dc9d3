import { at } from '#http/api-client.ts'
import type { Box } from '#view/signed-in-pages.ts'
import type { WireResource, WireScope } from '#wire/resources.ts'
import { inLocale } from './resources.ts'

/** The scopes of an API, one a row, each with a page of its own (`scope.ts`). */
export const scopesBox = (resource: WireResource, locale: string): Box => ({
  heading: 'console.resources.scopes',
  text: 'console.resources.scopesText',
  none: 'console.resources.noScopes',
  rows: resource.scopes.map((scope) => ({
    cell: {
      text: scope.name,
      href: at`/console/resources/${resource.identifier}/scopes/${scope.name}`,
      sub: inLocale(scope.description, locale),
      chip: chipOf(scope),
    },
  })),
  links: [
    {
      href: at`/console/resources/${resource.identifier}/add-scope`,
      label: 'console.resources.addScope',
    },
  ],
})

function chipOf({ restricted, sensitive }: WireScope) {
  if (restricted) return { say: 'console.resources.restricted', tone: 'warn' } as const
  return sensitive ? ({ say: 'console.resources.sensitive', tone: 'plain' } as const) : undefined
}
