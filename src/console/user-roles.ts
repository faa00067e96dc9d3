import type { ApiClient } from '#http/api-client.ts'
import { AppError } from '#lib/app-error.ts'
import type { Field } from '#view/signed-in-pages.ts'

/** Every role, as far as this administrator may see them. */
export async function roleNames(api: ApiClient): Promise<string[]> {
  try {
    const { roles } = await api.get<{ roles: { name: string }[] }>('/admin/roles')
    return roles.map(({ name }) => name)
  } catch (error) {
    if (error instanceof AppError && error.status === 403) return []
    throw error
  }
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
