import type { Clock } from '#lib/clock.ts'
import type { Role, RoleStore } from '#storage/roles.ts'
import { administratorRole } from '#storage/users.ts'
import { keepingAnAdministrator } from './administrators.ts'
import { isId } from './comparable.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

interface Row {
  name: string
  description: string | null
  permissions: string
  createdAt: number
  updatedAt: number
}

const selected =
  'SELECT name, description, permissions, created_at AS "createdAt", updated_at AS "updatedAt" FROM roles'

export function createRoleStore({ run, transaction, dialect }: Statements, now: Clock): RoleStore {
  const put = dialect.upsert('roles', {
    keys: ['name'],
    columns: ['description', 'permissions', 'created_at', 'updated_at'],
    kept: ['created_at'],
  })
  return {
    async find(name) {
      if (!isId(name)) return undefined
      const { rows } = await run<Row>(`${selected} WHERE name = ?`, [name])
      return rows[0] && fromRow(rows[0])
    },
    async list() {
      const { rows } = await run<Row>(selected, [])
      // Sorted here: databases sort text by the rules of some language or other.
      return rows.map(fromRow).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async put({ name, description, permissions }) {
      const at = now()
      await run(put, [name, description, JSON.stringify(permissions), at, at])
    },
    async remove(name) {
      if (!isId(name)) return false
      return transaction((run) =>
        name === administratorRole
          ? keepingAnAdministrator(run, () => remove(run, name))
          : remove(run, name),
      )
    },
  }
}

async function remove(run: Run, name: string): Promise<boolean> {
  const { changes } = await run('DELETE FROM roles WHERE name = ?', [name])
  if (changes === 1) await run('DELETE FROM user_roles WHERE role = ?', [name])
  return changes === 1
}

const fromRow = (row: Row): Role => ({
  name: row.name,
  description: row.description ?? undefined,
  permissions: JSON.parse(row.permissions),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})
