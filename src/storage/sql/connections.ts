import knex, { type Knex } from 'knex'
import { step } from '#lib/tracing.ts'
import { TimeIsUp, within } from '#lib/within.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import type { Dialect, Value } from './dialect.ts'
import type { Run } from './run.ts'

const { KnexTimeoutError } = knex

/** One connection of the pool, for one call. */
export interface Lease {
  run: Run
  /** Ends the connection. What is sent after that rejects with the reason. */
  lose(reason: unknown): void
}

/** Rejects with StorageUnavailable when there is no connection in time. */
type WithConnection = <T>(work: (lease: Lease) => Promise<T>) => Promise<T>

export interface ConnectionsParts {
  knex: Knex
  dialect: Dialect
  /** How long a statement, or a transaction as a whole, may take on its connection. Infinity when absent. */
  limitMs?: number | undefined
  /** Called with the text of every statement that is sent. */
  onStatement?: ((sql: string) => void) | undefined
}

/**
 * The connections of a pool, each for one call at a time. All that a call sends has ended when its time is up, and a
 * connection that has not answered by then is ended: whatever is sent after a statement that hangs would hang as well,
 * and what the server has made of it is unknown.
 */
export function createConnections(parts: ConnectionsParts): WithConnection {
  const client: Knex.Client = parts.knex.client
  /** When each connection has answered last, beginning with its handshake, and when one did not. */
  const answers = new WeakMap<object, number>()
  let silence = -Infinity
  const noteAnswer = (connection: object) => void answers.set(connection, performance.now())
  parts.knex.client.pool.on('createSuccess', (_id: number, connection: object) =>
    noteAnswer(connection),
  )

  /** One that was idle while another fell silent has probably lost the same server: no request should wait for it. */
  const acquire = async (): Promise<object> => {
    for (;;) {
      const connection: object = await client.acquireConnection().catch((error: unknown) => {
        const failure = parts.dialect.failureOf(error)
        const timeout = error instanceof KnexTimeoutError ? 'timeout' : 'unreachable'
        const reason = failure?.kind === 'unavailable' ? failure.reason : timeout
        throw new StorageUnavailable('database', { cause: error, reason })
      })
      if ((answers.get(connection) ?? -Infinity) > silence) return connection
      parts.dialect.discard(connection, new Error('the server has not answered on another one'))
      await client.releaseConnection(connection)
    }
  }

  return async (work) => {
    const connection = await acquire()
    const onAnswer = () => noteAnswer(connection)
    const onSilence = () => void (silence = performance.now())
    try {
      return await work(createLease(connection, { ...parts, onAnswer, onSilence }))
    } finally {
      await client.releaseConnection(connection)
    }
  }
}

interface LeaseParts extends ConnectionsParts {
  onAnswer(): void
  onSilence(): void
}

function createLease(connection: object, parts: LeaseParts): Lease {
  const { dialect, limitMs = Infinity, onStatement } = parts
  const deadline = performance.now() + limitMs
  let lost: unknown
  const lose = (reason: unknown): void => {
    lost = reason
    dialect.discard(connection, reason)
  }
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only who wrote the text knows what it selects
  const run: Run = async <Row>(sql: string, values: readonly (Value | undefined)[]) => {
    if (lost !== undefined) throw lost
    onStatement?.(sql)
    const bound = values.map((value) => value ?? null)
    try {
      const left = deadline - performance.now()
      const { rows, changes } = await traced(dialect.system, sql, () =>
        within(left, () => dialect.execute(connection, sql, bound)),
      )
      parts.onAnswer()
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      return { rows: rows as Row[], changes }
    } catch (error) {
      if (error instanceof TimeIsUp) parts.onSilence()
      if (isLost(dialect, error)) lose(error)
      throw error
    }
  }
  return { run, lose }
}

/** The texts of statements hold placeholders, never values. */
const traced = <T>(system: string, sql: string, execute: () => Promise<T>): Promise<T> =>
  step(sql.split(' ', 1)[0]!, { 'db.system.name': system, 'db.query.text': sql }, execute)

function isLost(dialect: Dialect, error: unknown): boolean {
  if (error instanceof TimeIsUp) return true
  const failure = dialect.failureOf(error)
  return failure?.kind === 'unavailable' && failure.isConnectionLost
}
