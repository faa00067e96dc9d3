import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Hit, LimitStore } from '#storage/limits.ts'
import { insertInto } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

const selected = 'SELECT hits AS "count", reset_at AS "resetAt" FROM limits WHERE key_hash = ?'

const texts = {
  find: selected,
  peek: `${selected} AND reset_at > ?`,
  release: 'UPDATE limits SET hits = hits - 1 WHERE key_hash = ? AND hits > 0 AND reset_at > ?',
  remove: 'DELETE FROM limits WHERE key_hash = ?',
}

/** The keys are hashed: they are made of addresses. */
export function createLimitStore(statements: Statements, now: Clock): LimitStore {
  const { run, dialect } = statements
  const hit = createHit(statements)
  return {
    hit: (key, windowMs) => hit(sha256(key), { at: now(), windowMs }),
    async peek(key) {
      const at = now()
      const { rows } = await run<Hit>(texts.peek, [sha256(key), at])
      return rows[0] ? { ...rows[0] } : { count: 0, resetAt: at }
    },
    async release(key) {
      await run(texts.release, [sha256(key), now()])
    },
    async reset(key) {
      await run(texts.remove, [sha256(key)])
    },
    async removeExpired(limit) {
      return (await run(dialect.deleteUpTo('limits', 'reset_at', limit), [now()])).changes
    },
  }
}

/** Where an INSERT can tell what it wrote, one statement; elsewhere the row stays ours until we have read it. */
function createHit({ run, transaction, dialect }: Statements) {
  const hasEnded = 'limits.reset_at <= ?'
  // In this order: MySQL sets one after the other, and the second condition must still see the old time.
  const sets = `hits = CASE WHEN ${hasEnded} THEN 1 ELSE limits.hits + 1 END, reset_at = CASE WHEN ${hasEnded} THEN ? ELSE limits.reset_at END`
  const insert = insertInto('limits', ['key_hash', 'hits', 'reset_at'])
  const upsert = `${insert} ${dialect.onConflict(['key_hash'])} ${sets}`
  const upsertReturning = `${upsert} RETURNING hits AS "count", reset_at AS "resetAt"`

  let returning: Promise<boolean> | undefined
  const supportsReturning = () => {
    returning ??= dialect.supportsReturning((sql) => run(sql, []))
    // Asked again, when the database did not answer.
    returning.catch(() => (returning = undefined))
    return returning
  }

  return async (key: string, { at, windowMs }: { at: number; windowMs: number }): Promise<Hit> => {
    const values = [key, 1, at + windowMs, at, at, at + windowMs]
    const written = (await supportsReturning())
      ? await run<Hit>(upsertReturning, values)
      : await transaction(async (run: Run) => {
          await run(upsert, values)
          return run<Hit>(texts.find, [key])
        })
    const [row] = written.rows
    if (!row) throw new Error('a counter was written and is not there')
    return { ...row }
  }
}
