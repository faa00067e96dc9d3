import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import type { WireResource } from '#wire/resources.ts'
import { roleSchema, type WireRole } from '#wire/roles.ts'
import { deleteBox, isConfirmed, notConfirmed } from './danger.ts'
import { permissionFields, permissionsOf, visibleResources } from './permissions.ts'
import { descriptionField, rolesCrumb, rolesPlace } from './roles.ts'

/** `/console/roles/:name`: what the holders of one role may do. */
export function oneRolePages(): PageRoute[] {
  const path = '/console/roles/:name'
  const access = { scope: 'admin:roles' }
  return [
    { method: 'get', path, access, handle: (call) => showRole(call) },
    { method: 'post', path, access, handle: saveRole },
    { method: 'post', path: `${path}/delete`, access, handle: deleteRole },
  ]
}

async function showRole(
  { api, params, request, person }: PageCall,
  retry?: { fields?: Record<string, string>; errors: FieldErrors },
): Promise<PageAnswer> {
  const role = await api.get(at`/admin/roles/${params['name']}`, roleSchema)
  const held = retry?.fields ? permissionsOf(retry.fields) : role.permissions
  const resources = await visibleResources(api)
  const query = new URLSearchParams({ role: role.name }).toString()
  return {
    page: 'details',
    props: {
      ...rolesPlace,
      title: { text: role.name },
      crumb: rolesCrumb,
      boxes: [
        {
          heading: 'console.roles.about',
          text:
            resources.length === 0 ? 'console.roles.noResources' : 'console.roles.permissionsText',
          forms: [
            {
              action: at`/console/roles/${role.name}`,
              fields: [
                descriptionField(retry?.fields?.['description'] ?? role.description ?? ''),
                ...permissionFields(resources, held, request),
              ],
              submit: 'shell.save',
              look: 'primary',
            },
          ],
        },
        ...(person.scopes.has('admin:users') ? [holdersBox(query)] : []),
        dangerBox(role.name),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

const holdersBox = (query: string): Box => ({
  heading: 'console.roles.holders',
  links: [{ href: `/console/users?${query}`, label: 'console.roles.toHolders' }],
})

const dangerBox = (name: string): Box =>
  deleteBox({
    action: at`/console/roles/${name}/delete`,
    heading: 'console.roles.delete',
    text: 'console.roles.deleteText',
    name,
  })

async function saveRole(call: PageCall): Promise<PageAnswer> {
  const { api, params, fields } = call
  return attempt(
    async () => {
      const name = params['name']
      const permissions = {
        ...(await hidden(call)),
        ...permissionsOf(fields),
      }
      const description = fields['description']?.trim() || null
      await api.put(at`/admin/roles/${name}`, { description, permissions })
      return { to: at`/console/roles/${name}?done=saved` }
    },
    (errors) => showRole(call, { fields, errors }),
  )
}

/** What the role permits on APIs that this page does not show; that stays. */
async function hidden({ api, params }: PageCall): Promise<WireRole['permissions']> {
  const role = await api.get(at`/admin/roles/${params['name']}`, roleSchema)
  const resources: WireResource[] = await visibleResources(api)
  const shown = new Set(resources.map(({ identifier }) => identifier))
  return Object.fromEntries(
    Object.entries(role.permissions).filter(([identifier]) => !shown.has(identifier)),
  )
}

async function deleteRole(call: PageCall): Promise<PageAnswer> {
  const name = call.params['name'] ?? ''
  if (!isConfirmed(call.fields, name)) return showRole(call, { errors: notConfirmed })
  return attempt(
    async () => {
      await call.api.delete(at`/admin/roles/${name}`)
      return { to: '/console/roles?done=roleDeleted' }
    },
    (errors) => showRole(call, { errors }),
  )
}
