import { at } from '#http/api-client.ts'
import type { PageCall } from '#http/page-routes.ts'
import { unless } from '#lib/app-error.ts'
import type { Cell } from '#view/signed-in-pages.ts'
import { adminUserSchema } from '#wire/users.ts'
import { nameOf } from './users.ts'

/** How lists name the people of these ids: by name and with a link for those who may see users, else by id. */
export async function describePeople(
  { api, person }: Pick<PageCall, 'api' | 'person'>,
  ids: readonly string[],
): Promise<(id: string) => Cell> {
  if (!person.scopes.has('admin:users')) return (id) => ({ text: id })
  const found = await Promise.all(
    [...new Set(ids)].map(async (id) => {
      const user = await api.get(at`/admin/users/${id}`, adminUserSchema).catch(unless('not_found'))
      return [id, user] as const
    }),
  )
  const users = new Map(found)
  return (id) => {
    const user = users.get(id)
    if (!user) return { text: id }
    const name = nameOf(user)
    return {
      text: name,
      href: at`/console/users/${id}`,
      sub: user.email === name ? undefined : (user.email ?? undefined),
    }
  }
}
