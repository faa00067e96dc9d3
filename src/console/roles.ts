import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Field, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { rolesSchema } from '#wire/roles.ts'
import { permissionFields, permissionsOf, visibleResources } from './permissions.ts'

/** `/console/roles`: names for what people may do. One of them is in `role.ts`. */
export function rolePages(): PageRoute[] {
  const access = { scope: 'admin:roles' }
  const path = '/console/roles/new'
  return [
    { method: 'get', path: '/console/roles', access, handle: showRoles },
    { method: 'get', path, access, handle: (call) => showNew(call) },
    { method: 'post', path, access, handle: createRole },
  ]
}

export const rolesPlace = { area: 'console', section: 'roles' } as const
export const rolesCrumb = { href: '/console/roles', label: 'console.roles.title' } as const

async function showRoles({ api }: PageCall): Promise<PageAnswer> {
  const { roles } = await api.get('/admin/roles', rolesSchema)
  return {
    page: 'list',
    props: {
      ...rolesPlace,
      title: 'console.roles.title',
      lead: 'console.roles.lead',
      add: { href: '/console/roles/new', label: 'console.roles.add' },
      filters: [],
      filterAction: '/console/roles',
      columns: [
        { label: 'console.roles.role' },
        { label: 'console.roles.permissions', isNumber: true },
        { label: 'console.roles.changed' },
      ],
      rows: roles.map((role) => [
        {
          text: role.name,
          href: at`/console/roles/${role.name}`,
          sub: role.description ?? undefined,
        },
        { number: Object.values(role.permissions).flat().length },
        { when: role.updated_at },
      ]),
      empty: {
        heading: 'console.roles.none',
        text: 'console.roles.lead',
        href: '/console/roles/new',
        action: 'console.roles.add',
      },
    },
  }
}

async function showNew(
  { api, request }: PageCall,
  retry?: { fields: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const { fields = {}, errors = {} } = retry ?? {}
  const name: Field = {
    kind: 'text',
    name: 'name',
    label: 'console.roles.name',
    help: 'console.roles.nameHelp',
    value: fields['name'] ?? '',
    maxlength: 64,
  }
  return {
    page: 'details',
    props: {
      ...rolesPlace,
      title: 'console.roles.add',
      lead: 'console.roles.lead',
      crumb: rolesCrumb,
      boxes: [
        {
          heading: 'console.roles.about',
          forms: [
            {
              action: '/console/roles/new',
              fields: [
                name,
                descriptionField(fields['description'] ?? ''),
                ...permissionFields(await visibleResources(api), permissionsOf(fields), request),
              ],
              submit: 'console.roles.create',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

export const descriptionField = (value: string): Field => ({
  kind: 'text',
  name: 'description',
  label: 'console.roles.description',
  value,
  optional: true,
  maxlength: 500,
})

async function createRole(call: PageCall): Promise<PageAnswer> {
  const { api, fields } = call
  return attempt(
    async () => {
      const name = fields['name']?.trim() ?? ''
      const description = fields['description']?.trim() || null
      await api.post('/admin/roles', { name, description, permissions: permissionsOf(fields) })
      return { to: at`/console/roles/${name}?done=roleCreated` }
    },
    ({ name, ...errors }) =>
      showNew(call, {
        fields,
        errors: {
          ...errors,
          ...(name && { name: name === 'fields.other' ? 'console.roles.badName' : name }),
        },
      }),
  )
}
