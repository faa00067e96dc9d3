import type { Resource, ResourceStore } from '#storage/resources.ts'
import { isId } from './comparable.ts'
import type { Statements } from './statements.ts'

interface Row {
  identifier: string
  name: string
  scopes: string
  accessTokenTtl: number | null
  metadataClaims: string | null
}

const selected =
  'SELECT identifier, name, scopes, access_token_ttl AS "accessTokenTtl", metadata_claims AS "metadataClaims" FROM resources'

export function createResourceStore({ run, dialect }: Statements): ResourceStore {
  const put = dialect.upsert('resources', {
    keys: ['identifier'],
    columns: ['name', 'scopes', 'access_token_ttl', 'metadata_claims'],
  })
  return {
    async find(identifier) {
      // A URI is ASCII (RFC 3986 §2).
      if (!isId(identifier)) return undefined
      const { rows } = await run<Row>(`${selected} WHERE identifier = ?`, [identifier])
      return rows[0] && fromRow(rows[0])
    },
    async put({ identifier, name, scopes, accessTokenTtl, metadataClaims }) {
      const documents = [JSON.stringify(name), JSON.stringify(scopes)]
      const claims = metadataClaims && JSON.stringify(metadataClaims)
      await run(put, [identifier, ...documents, accessTokenTtl, claims])
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
  metadataClaims: row.metadataClaims === null ? undefined : JSON.parse(row.metadataClaims),
})
