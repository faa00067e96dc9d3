import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Field, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { resourcesSchema } from '#wire/resources.ts'

/** `/console/resources`: the APIs that tokens are for. One of them is in `resource.ts`. */
export function resourcePages(): PageRoute[] {
  const access = { scope: 'admin:resources' }
  const path = '/console/resources/new'
  return [
    { method: 'get', path: '/console/resources', access, handle: showResources },
    { method: 'get', path, access, handle: () => Promise.resolve(showNew()) },
    { method: 'post', path, access, handle: createResource },
  ]
}

export const resourcesPlace = { area: 'console', section: 'resources' } as const
export const resourcesCrumb = {
  href: '/console/resources',
  label: 'console.resources.title',
} as const

/** A text of several languages in the reader's, else in any. */
export const inLocale = (texts: Readonly<Record<string, string>>, locale: string): string =>
  texts[locale] ?? texts['en'] ?? Object.values(texts)[0] ?? ''

async function showResources({ api, request }: PageCall): Promise<PageAnswer> {
  const { resources } = await api.get('/admin/resources', resourcesSchema)
  return {
    page: 'list',
    props: {
      ...resourcesPlace,
      title: 'console.resources.title',
      lead: 'console.resources.lead',
      add: { href: '/console/resources/new', label: 'console.resources.add' },
      filters: [],
      filterAction: '/console/resources',
      columns: [
        { label: 'console.resources.api' },
        { label: 'console.resources.scopes', isNumber: true },
        { label: 'console.resources.ttl', isNumber: true },
      ],
      rows: resources.map((one) => [
        {
          text: inLocale(one.name, request.locale),
          href: at`/console/resources/${one.identifier}`,
          sub: one.identifier,
        },
        { number: one.scopes.length },
        one.access_token_ttl === null
          ? { say: 'console.resources.usualTtl' }
          : { number: one.access_token_ttl },
      ]),
      empty: {
        heading: 'console.resources.none',
        text: 'console.resources.lead',
        href: '/console/resources/new',
        action: 'console.resources.add',
      },
    },
  }
}

type Typed = Readonly<Record<string, string>>

function showNew(retry?: { fields: Typed; errors: FieldErrors }): PageAnswer {
  const { fields = {}, errors = {} } = retry ?? {}
  const identifier: Field = {
    kind: 'text',
    name: 'identifier',
    label: 'console.resources.identifier',
    help: 'console.resources.identifierHelp',
    value: fields['identifier'] ?? '',
    placeholder: 'https://api.example.com',
    inputmode: 'url',
  }
  return {
    page: 'details',
    props: {
      ...resourcesPlace,
      title: 'console.resources.add',
      lead: 'console.resources.lead',
      crumb: resourcesCrumb,
      boxes: [
        {
          heading: 'console.resources.about',
          forms: [
            {
              action: '/console/resources/new',
              fields: [identifier, ...resourceFields(fields)],
              submit: 'console.resources.create',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

/** Fields `name.en`, `name.zh-CN` and `access_token_ttl`, named as the API names what is wrong with them. */
export const resourceFields = (typed: Typed): Field[] => [
  {
    kind: 'text',
    name: 'name.en',
    label: 'console.resources.nameEn',
    help: 'console.resources.nameHelp',
    value: typed['name.en'] ?? '',
  },
  {
    kind: 'text',
    name: 'name.zh-CN',
    label: 'console.resources.nameZh',
    value: typed['name.zh-CN'] ?? '',
    optional: true,
  },
  {
    kind: 'text',
    name: 'access_token_ttl',
    label: 'console.resources.ttl',
    help: 'console.resources.ttlHelp',
    value: typed['access_token_ttl'] ?? '',
    inputmode: 'numeric',
    optional: true,
  },
]

/** What such fields hold; other languages than these two stay as they are. */
export function readResource(typed: Typed, before: Record<string, string> = {}) {
  const ttl = typed['access_token_ttl']?.trim()
  return {
    name: localized('name', typed, before),
    access_token_ttl: ttl ? Number(ttl) : null,
  }
}

export function localized(
  prefix: string,
  typed: Typed,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const texts = { ...before }
  for (const locale of ['en', 'zh-CN']) {
    const text = typed[`${prefix}.${locale}`]?.trim()
    if (text) texts[locale] = text
    else delete texts[locale]
  }
  return texts
}

async function createResource({ api, fields }: PageCall): Promise<PageAnswer> {
  const again = (errors: FieldErrors) =>
    Promise.resolve(showNew({ fields, errors: onFields(errors) }))
  return attempt(async () => {
    const identifier = fields['identifier']?.trim() ?? ''
    await api.post('/admin/resources', { identifier, ...readResource(fields) })
    return { to: at`/console/resources/${identifier}?done=resourceCreated` }
  }, again)
}

/** What is wrong with all languages together stands at the first. */
export const onFields = ({ name, description, ...others }: FieldErrors): FieldErrors => ({
  ...others,
  ...(name && { 'name.en': 'errors.required' as const }),
  ...(description && { 'description.en': 'errors.required' as const }),
})
