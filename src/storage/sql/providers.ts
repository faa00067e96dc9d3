import type { Clock } from '#lib/clock.ts'
import type { ProviderRecord, ProviderStore } from '#storage/providers.ts'
import { isId } from './comparable.ts'
import type { Statements } from './statements.ts'

type Row = Omit<ProviderRecord, 'recipe'> & { recipe: string }

const selected =
  'SELECT id, recipe, sealed_secret AS "sealedSecret", created_at AS "createdAt", updated_at AS "updatedAt" FROM providers'

export function createProviderStore({ run, dialect }: Statements, now: Clock): ProviderStore {
  const put = dialect.upsert('providers', {
    keys: ['id'],
    columns: ['recipe', 'sealed_secret', 'created_at', 'updated_at'],
    kept: ['created_at'],
  })
  return {
    async find(id) {
      if (!isId(id)) return undefined
      const { rows } = await run<Row>(`${selected} WHERE id = ?`, [id])
      return rows[0] && fromRow(rows[0])
    },
    async put({ id, recipe, sealedSecret }) {
      const at = now()
      await run(put, [id, JSON.stringify(recipe), sealedSecret, at, at])
    },
    async remove(id) {
      if (!isId(id)) return false
      return (await run('DELETE FROM providers WHERE id = ?', [id])).changes === 1
    },
    async list() {
      const { rows } = await run<Row>(selected, [])
      // Sorted here: databases sort text by the rules of some language or other.
      return rows.map(fromRow).sort((a, b) => (a.id < b.id ? -1 : 1))
    },
  }
}

const fromRow = (row: Row): ProviderRecord => ({ ...row, recipe: JSON.parse(row.recipe) })
