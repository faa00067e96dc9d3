import type { Clock } from '#lib/clock.ts'
import type { MailQueueStore, QueuedMail } from '#storage/mail-queue.ts'
import { comparable, isId } from './comparable.ts'
import { readPage, type Condition } from './pages.ts'
import { insertInto } from './sql-text.ts'
import type { Statements } from './statements.ts'

interface Row extends Omit<QueuedMail, 'lastError'> {
  lastError: string | null
}

const selected = (body: string) =>
  `SELECT id, recipient AS "to", subject, ${body} AS "sealedBody", created_at AS "createdAt", attempts, next_attempt_at AS "nextAttemptAt", last_error AS "lastError", state FROM mail_queue`

const texts = {
  insert: insertInto('mail_queue', [
    'id',
    'recipient',
    'recipient_key',
    'subject',
    'sealed_body',
    'created_at',
    'attempts',
    'next_attempt_at',
    'state',
  ]),
  take: 'UPDATE mail_queue SET attempts = attempts + 1, next_attempt_at = ? WHERE id = ?',
  remove: 'DELETE FROM mail_queue WHERE id = ?',
  putOff: 'UPDATE mail_queue SET last_error = ?, next_attempt_at = ? WHERE id = ?',
  giveUp: "UPDATE mail_queue SET last_error = ?, state = 'failed' WHERE id = ?",
  retry:
    "UPDATE mail_queue SET state = 'waiting', attempts = 0, next_attempt_at = ? WHERE id = ? AND state = 'failed'",
}

export function createMailQueueStore(
  { run, transaction, dialect }: Statements,
  now: Clock,
): MailQueueStore {
  return {
    async add({ id, to, subject, sealedBody }) {
      const at = now()
      await run(texts.insert, [id, to, comparable(to), subject, sealedBody, at, 0, at, 'waiting'])
    },
    claim: createClaim({ transaction, dialect }, now),
    async done(id) {
      await run(texts.remove, [id])
    },
    async failed(id, error, nextAttemptAt) {
      // A mail server may have written it.
      const text = error.replaceAll('\0', '')
      if (nextAttemptAt === undefined) await run(texts.giveUp, [text, id])
      else await run(texts.putOff, [text, nextAttemptAt, id])
    },
    async retry(id) {
      return isId(id) && (await run(texts.retry, [now(), id])).changes > 0
    },
    async removeBefore(time, limit) {
      const text = dialect.deleteUpTo('mail_queue', 'created_at', limit)
      return (await run(text, [time - 1])).changes
    },
    async list({ limit, cursor, state }) {
      const where: Condition[] = state === undefined ? [] : [['state = ?', state]]
      const query = { select: selected("''"), where, limit, cursor }
      const { rows, next } = await readPage<Row>(run, query, (row) => [row.createdAt, row.id])
      return { mails: rows.map(fromRow), next }
    },
  }
}

function createClaim(
  { transaction, dialect }: Pick<Statements, 'transaction' | 'dialect'>,
  now: Clock,
): MailQueueStore['claim'] {
  const findDue = `${selected('sealed_body')} WHERE state = 'waiting' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ? ${dialect.forUpdateSkippingLocked}`
  return (limit, leaseMs) =>
    transaction(async (run) => {
      const at = now()
      const nextAttemptAt = at + leaseMs
      // The limit as text, as in pages.ts.
      const { rows } = await run<Row>(findDue, [at, String(limit)])
      for (const { id } of rows) await run(texts.take, [nextAttemptAt, id])
      return rows.map((row) => ({ ...fromRow(row), attempts: row.attempts + 1, nextAttemptAt }))
    })
}

const fromRow = (row: Row): QueuedMail => ({ ...row, lastError: row.lastError ?? undefined })
