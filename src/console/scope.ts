import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import type { Field, FieldErrors, Form } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import type { WireResource, WireScope } from '#wire/resources.ts'
import { twoSteps } from './danger.ts'
import { findResource } from './resource.ts'
import { inLocale, localized, resourcesPlace } from './resources.ts'

/** `/console/resources/:identifier/scopes/:name` and `…/add-scope`: one thing that an API lets an application do. */
export function scopePages(): PageRoute[] {
  const access = { scope: 'admin:resources' }
  const path = '/console/resources/:identifier'
  const one = `${path}/scopes/:name`
  return [
    { method: 'get', path: `${path}/add-scope`, access, handle: (call) => showScope(call) },
    { method: 'post', path: `${path}/add-scope`, access, handle: saveScope },
    { method: 'get', path: one, access, handle: (call) => showScope(call) },
    { method: 'post', path: one, access, handle: saveScope },
    { method: 'post', path: `${one}/remove`, access, handle: removeScope },
  ]
}

type Typed = Readonly<Record<string, string>>

async function showScope(
  { api, params, request }: PageCall,
  retry?: { fields: Typed; errors: FieldErrors },
): Promise<PageAnswer> {
  const resource = await findResource(api, params['identifier'])
  const scope = scopeOf(resource, params['name'])
  const shown = retry?.fields ?? typedOf(scope)
  const path = at`/console/resources/${resource.identifier}`
  const action = scope ? path + at`/scopes/${scope.name}` : `${path}/add-scope`
  const remove: Form = {
    ...twoSteps(`${action}/remove`, {
      submit: 'console.resources.removeScope',
      confirm: 'console.resources.removeScopeText',
    }),
    look: 'secondary',
  }
  return {
    page: 'details',
    props: {
      ...resourcesPlace,
      title: scope ? { text: scope.name } : 'console.resources.addScope',
      crumb: { href: path, label: { text: inLocale(resource.name, request.locale) } },
      boxes: [
        {
          heading: 'console.resources.scope',
          forms: [
            {
              action,
              fields: [...(scope ? [] : [nameField(shown)]), ...fieldsFor(shown)],
              submit: scope ? 'shell.save' : 'console.resources.addScope',
              look: 'primary',
            },
          ],
        },
        ...(scope
          ? [{ heading: 'console.resources.removeScope' as const, isDanger: true, forms: [remove] }]
          : []),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

/** Undefined without a name: it is to be added. Throws 404 when the resource has none of this name. */
function scopeOf(resource: WireResource, name: string | undefined): WireScope | undefined {
  if (name === undefined) return undefined
  const scope = resource.scopes.find((one) => one.name === name)
  if (!scope) throw new AppError('not_found')
  return scope
}

const typedOf = (scope: WireScope | undefined): Typed => ({
  'description.en': scope?.description['en'] ?? '',
  'description.zh-CN': scope?.description['zh-CN'] ?? '',
  restricted: scope?.restricted ? 'yes' : '',
  sensitive: scope?.sensitive ? 'yes' : '',
})

const nameField = (shown: Typed): Field => ({
  kind: 'text',
  name: 'name',
  label: 'console.resources.scopeName',
  help: 'console.resources.scopeNameHelp',
  value: shown['name'] ?? '',
  placeholder: 'notes:read',
  maxlength: 128,
})

const fieldsFor = (shown: Typed): Field[] => [
  {
    kind: 'text',
    name: 'description.en',
    label: 'console.resources.descriptionEn',
    help: 'console.resources.descriptionHelp',
    value: shown['description.en'] ?? '',
    maxlength: 500,
  },
  {
    kind: 'text',
    name: 'description.zh-CN',
    label: 'console.resources.descriptionZh',
    value: shown['description.zh-CN'] ?? '',
    optional: true,
    maxlength: 500,
  },
  {
    kind: 'check',
    name: 'restricted',
    label: 'console.resources.restricted',
    help: 'console.resources.restrictedHelp',
    checked: shown['restricted'] === 'yes',
  },
  {
    kind: 'check',
    name: 'sensitive',
    label: 'console.resources.sensitive',
    help: 'console.resources.sensitiveHelp',
    checked: shown['sensitive'] === 'yes',
  },
]

async function saveScope(call: PageCall): Promise<PageAnswer> {
  const { api, params, fields } = call
  const { identifier, ...resource } = await findResource(api, params['identifier'])
  const before = scopeOf({ identifier, ...resource }, params['name'])
  const after: WireScope = {
    name: before?.name ?? fields['name']?.trim() ?? '',
    description: localized('description', fields, before?.description),
    restricted: fields['restricted'] === 'yes',
    sensitive: fields['sensitive'] === 'yes',
  }
  const index = before ? resource.scopes.indexOf(before) : resource.scopes.length
  return attempt(
    async () => {
      const scopes = resource.scopes.toSpliced(index, 1, after)
      await api.put(at`/admin/resources/${identifier}`, { ...resource, scopes })
      return { to: at`/console/resources/${identifier}?done=saved` }
    },
    (errors) => showScope(call, { fields, errors: errorsOf(errors, index) }),
  )
}

/** `scopes.3.description` → beside the field of its description; what is wrong with all scopes is a name that is taken. */
function errorsOf(errors: FieldErrors, index: number): FieldErrors {
  return Object.fromEntries(
    Object.entries(errors).map(([path, message]) => {
      const field = path.replace(`scopes.${index}.`, '')
      if (path === 'scopes') return ['name', 'errors.already_exists']
      if (field === 'name') return ['name', 'console.resources.badScopeName']
      return field.startsWith('description')
        ? ['description.en', 'errors.required']
        : [field, message]
    }),
  )
}

async function removeScope(call: PageCall): Promise<PageAnswer> {
  const { api, params } = call
  const { identifier, ...resource } = await findResource(api, params['identifier'])
  const gone = scopeOf({ identifier, ...resource }, params['name'])
  return attempt(
    async () => {
      const scopes = resource.scopes.filter((one) => one !== gone)
      await api.put(at`/admin/resources/${identifier}`, { ...resource, scopes })
      return { to: at`/console/resources/${identifier}?done=scopeRemoved` }
    },
    (errors) => showScope(call, { fields: typedOf(gone), errors }),
  )
}
