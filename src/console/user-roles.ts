import type { ApiClient } from '#http/api-client.ts'
import { unless } from '#lib/app-error.ts'
import type { Field } from '#view/signed-in-pages.ts'
import { rolesSchema } from '#wire/roles.ts'

/** Every role, as far as this administrator may see them. */
export async function roleNames(api: ApiClient): Promise<string[]> {
  const seen = await api.get('/admin/roles', rolesSchema).catch(unless('insufficient_scope'))
  return seen?.roles.map(({ name }) => name) ?? []
}

const prefix = 'role:'

/** A box for each role; none when there are none to be seen. */
export const rolesField = (names: readonly string[], held: readonly string[]): Field[] =>
  names.length === 0
    ? []
    : [
        {
          kind: 'checks',
          name: 'roles',
          label: 'console.users.roles',
          options: names.map((name) => ({
            name: prefix + name,
            label: name,
            checked: held.includes(name),
          })),
        },
      ]

/** The ticked ones. */
export const rolesOf = (fields: Readonly<Record<string, string>>): string[] =>
  Object.keys(fields).flatMap((name) =>
    name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
  )
