import type { Resource, ResourceStore } from '#storage/resources.ts'
import { isId } from './comparable.ts'
import type { Statements } from './statements.ts'

interface Row {
  identifier: string
  name: string
  scopes: string
  accessTokenTtl: number | null
}

const selected =
  'SELECT identifier, name, scopes, access_token_ttl AS "accessTokenTtl" FROM resources'

export function createResourceStore({ run, dialect }: Statements): ResourceStore {
  const put = dialect.upsert('resources', {
    keys: ['identifier'],
    columns: ['name', 'scopes', 'access_token_ttl'],
  })
  return {
    async find(identifier) {
      // A URI is ASCII (RFC 3986 §2).
      if (!isId(identifier)) return undefined
      const { rows } = await run<Row>(`${selected} WHERE identifier = ?`, [identifier])
      return rows[0] && fromRow(rows[0])
    },
    async put({ identifier, name, scopes, accessTokenTtl }) {
      await run(put, [identifier, JSON.stringify(name), JSON.stringify(scopes), accessTokenTtl])
    },
    async remove(identifier) {
      if (!isId(identifier)) return false
      return (await run('DELETE FROM resources WHERE identifier = ?', [identifier])).changes === 1
    },
    async list() {
      const { rows } = await run<Row>(selected, [])
      // Sorted here: databases sort text by the rules of some language or other.
      return rows.map(fromRow).sort((a, b) => (a.identifier < b.identifier ? -1 : 1))
    },
  }
}

const fromRow = (row: Row): Resource => ({
  identifier: row.identifier,
  name: JSON.parse(row.name),
  scopes: JSON.parse(row.scopes),
  accessTokenTtl: row.accessTokenTtl ?? undefined,
})
