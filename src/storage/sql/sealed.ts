import type { Clock } from '#lib/clock.ts'
import { markLength } from '#lib/sealing.ts'
import type { SealedCount, SealedPlace, SealedStore, SealedValue } from '#storage/sealed.ts'
import type { Statements } from './statements.ts'

interface Column {
  table: string
  id: string
  value: string
  userId?: string
  /** The rows of the table that belong to the place. */
  where?: string
}

const ofArtifact = (model: string): Column => ({
  table: 'artifacts',
  id: 'key_hash',
  value: 'payload',
  where: `model = '${model}'`,
})

const columns: Record<SealedPlace, Column> = {
  'signing-keys': { table: 'signing_keys', id: 'id', value: 'sealed_jwk' },
  providers: { table: 'providers', id: 'id', value: 'sealed_secret' },
  totp: { table: 'factors', id: 'id', value: 'data', userId: 'user_id', where: "kind = 'totp'" },
  mail: { table: 'mail_queue', id: 'id', value: 'sealed_body' },
  Device: ofArtifact('Device'),
  RememberedDevice: ofArtifact('RememberedDevice'),
  WechatSessionKey: ofArtifact('WechatSessionKey'),
}

const markOf = (value: string): string => `SUBSTR(${value}, 1, ${markLength})`

export function createSealedStore({ run }: Statements, now: Clock): SealedStore {
  return {
    async count() {
      const counts: SealedCount[] = []
      for (const [place, { table, value, where = '1 = 1' }] of Object.entries(columns)) {
        if (table === 'artifacts') continue
        const { rows } = await run<Omit<SealedCount, 'place'>>(
          `SELECT ${markOf(value)} AS "mark", COUNT(*) AS "count" FROM ${table} WHERE ${where} GROUP BY ${markOf(value)}`,
          [],
        )
        counts.push(...rows.map((row) => ({ place, ...row })))
      }
      // Payloads that are not sealed are JSON.
      const { rows } = await run<SealedCount>(
        `SELECT model AS "place", ${markOf('payload')} AS "mark", COUNT(*) AS "count" FROM artifacts WHERE payload LIKE 'v1.%' AND (expires_at IS NULL OR expires_at > ?) GROUP BY model, ${markOf('payload')}`,
        [now()],
      )
      return [...counts, ...rows.map((row) => ({ ...row }))]
    },

    async listOthers(place, mark, { after, limit }) {
      const { table, id, value, userId = 'NULL', where = '1 = 1' } = columns[place]
      const { rows } = await run<SealedValue & { userId: string | null }>(
        `SELECT ${id} AS "id", ${userId} AS "userId", ${value} AS "sealed" FROM ${table} WHERE ${where} AND ${id} > ? AND ${markOf(value)} <> ? ORDER BY ${id} LIMIT ${limit}`,
        [after, mark],
      )
      return rows.map((row) => ({ ...row, userId: row.userId ?? undefined }))
    },

    async replace(place, { id, sealed }, replacement) {
      const column = columns[place]
      const { where = '1 = 1' } = column
      const { changes } = await run(
        `UPDATE ${column.table} SET ${column.value} = ? WHERE ${where} AND ${column.id} = ? AND ${column.value} = ?`,
        [replacement, id, sealed],
      )
      return changes === 1
    },
  }
}
