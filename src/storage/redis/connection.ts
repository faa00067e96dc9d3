import { readFileSync } from 'node:fs'
import { Cluster, Redis } from 'ioredis'
import { usesTls } from '#lib/backend-tls.ts'
import { step, type Span } from '#lib/tracing.ts'
import { TimeIsUp, within } from '#lib/within.ts'
import { StorageUnavailable, type OutageReason } from '#storage/errors.ts'
import { defineScripts } from './scripts.ts'

type RedisClient = Redis | Cluster

export interface RedisConnectionOptions {
  /**
   * `redis://`, or `redis-cluster://[user:password@]host:port,host:port`; with TLS, certificate and host name verified,
   * `rediss://` and `rediss-cluster://`.
   */
  url: string
  /** Certificates (PEM) that the server must have its own from; those of Node when absent. */
  caFile?: string | undefined
  /** How long a command may take in all, waiting for a connection included. */
  commandTimeoutMs: number
  /** Told of every connection error; they pass by themselves. */
  onError?: ((error: Error) => void) | undefined
}

export interface RedisConnection {
  /**
   * Runs a command. Rejects with StorageUnavailable when Redis does not serve it in time.
   * A command that waited too long for a connection is never sent afterwards; one that was on its way when the
   * connection broke is not repeated, because Redis may have done it (a second `consume` would look like a replay).
   */
  run: <T>(command: (client: RedisClient) => Promise<T>) => Promise<T>
  /** How many commands were not served. */
  failures: () => number
  /** Ends the connection; it does not come back. */
  close: () => Promise<void>
}

/** Opens a connection that comes back by itself. Does not wait for it. Throws when the URL cannot be understood. */
export function openConnection(options: RedisConnectionOptions): RedisConnection {
  const { commandTimeoutMs, onError } = options
  const client = createClient(options)
  defineScripts(client)
  // Without a listener ioredis prints the error.
  client.on('error', (error: Error) => onError?.(error))

  // One promise for all who wait, renewed at every attempt, so that those who gave up are forgotten.
  let nextAttempt = Promise.withResolvers<void>()
  const endAttempt = () => {
    nextAttempt.resolve()
    nextAttempt = Promise.withResolvers()
  }
  client.on('ready', endAttempt)
  client.on('close', endAttempt)

  let failures = 0
  const serveInTime = async <T>(command: (client: RedisClient) => Promise<T>): Promise<T> => {
    let isLate = false
    const serve = async (): Promise<T> => {
      while (client.status !== 'ready') {
        if (isLate || client.status === 'end') throw new Error('there is no connection')
        await nextAttempt.promise
      }
      if (isLate) throw new Error('the connection came too late')
      return command(client)
    }
    try {
      return await within(commandTimeoutMs, serve)
    } catch (error) {
      isLate = true
      if (isOurMistake(error)) throw error
      failures += 1
      throw new StorageUnavailable('redis', { cause: error, reason: reasonOf(client, error) })
    }
  }
  const run: RedisConnection['run'] = (command) =>
    step('redis', { 'db.system.name': 'redis' }, (span) =>
      serveInTime(span ? (on) => command(named(on, span)) : command),
    )
  const close = async (): Promise<void> => {
    // Lets what is on its way arrive first.
    if (client.status === 'ready')
      await within(commandTimeoutMs, () => client.quit()).catch(() => 'OK')
    client.disconnect()
  }
  return { run, failures: () => failures, close }
}

/** The client; the span gets the name of the command or script that is called, without its keys and values. */
const named = (client: RedisClient, span: Span): RedisClient =>
  new Proxy(client, {
    get(target, name) {
      span.rename(String(name))
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })

function createClient({ url, caFile, commandTimeoutMs }: RedisConnectionOptions): RedisClient {
  const { protocol, username, password } = new URL(url.replace(/,.*$/, ''))
  const tls = caFile === undefined ? {} : { ca: readFileSync(caFile) }
  const connection = {
    ...(usesTls(url) && { tls }),
    // A peer that vanished without a word is noticed by its silence.
    socketTimeout: 2 * commandTimeoutMs,
    // After READONLY we are talking to a primary that was replaced.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
  if (protocol === 'redis:' || protocol === 'rediss:') {
    return new Redis(url, {
      ...connection,
      connectTimeout: 5000,
      retryStrategy: (attempt) => Math.min(25 * 2 ** attempt, 1000),
      // Rejects what was on its way as soon as the connection breaks.
      maxRetriesPerRequest: 0,
    })
  }
  if (protocol !== 'redis-cluster:' && protocol !== 'rediss-cluster:') {
    throw new Error('the Redis URL must begin with redis://, rediss:// or redis-cluster://')
  }
  return new Cluster(clusterNodes(url), {
    // The certificates are for names: ioredis would connect to the addresses behind them.
    ...(protocol === 'rediss-cluster:' && { dnsLookup: (name, callback) => callback(null, name) }),
    redisOptions: {
      ...connection,
      // ioredis lets commands wait for a node's first connection; none may wait there for longer than it may take.
      connectTimeout: commandTimeoutMs,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    },
    clusterRetryStrategy: (attempt) => Math.min(25 * 2 ** attempt, 1000),
    // ioredis would repeat a command whose connection broke.
    retryDelayOnFailover: 0,
    slotsRefreshInterval: 5000,
  })
}

function clusterNodes(url: string): { host: string; port: number }[] {
  const authority = url.slice(url.indexOf('://') + 3).replace(/\/.*$/, '')
  const hosts = authority.slice(authority.lastIndexOf('@') + 1)
  return hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis-cluster://${host}`)
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) }
  })
}

/** Answers with which Redis says that it cannot serve now; every other refusal is a mistake of ours. */
const passing =
  /\b(LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY|MISCONF|NOREPLICAS|OOM|NOAUTH)\b/

function reasonOf({ status }: RedisClient, error: unknown): OutageReason {
  if (status !== 'ready') return 'unreachable'
  if (error instanceof TimeIsUp) return 'timeout'
  const [word = ''] = /\b(OOM|READONLY|BUSY)\b/.exec(String(error)) ?? []
  return ({ OOM: 'full', READONLY: 'read_only', BUSY: 'busy' } as const)[word] ?? 'failed'
}

const isOurMistake = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ReplyError' && !passing.test(error.message)
