import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findProgram } from './find.ts'
import type { Certificate } from '../certificates.ts'
import { filesOf, startServer } from './server-process.ts'
import type { RunningServer } from './server-process.ts'

export interface RedisOptions {
  /** A cluster of this one node, which has every slot: it refuses what a real cluster would refuse. */
  cluster?: boolean
  /** Where to listen; without it a free port. */
  port?: number
  /** Listens with TLS only. */
  tls?: Certificate
}

/** Starts Redis, keeping nothing on disk; undefined when it is not installed. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningServer | undefined> {
  const command = findProgram(['redis-server', 'valkey-server'])
  if (command === undefined) return undefined
  const kept = ['--save', '', '--appendonly', 'no']
  const settings = options.cluster
    ? [...kept, '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
    : kept
  return startServer({
    name: 'Redis',
    command,
    account: undefined,
    stopSignal: 'SIGKILL',
    port: options.port,
    prepare: (folder) => (options.tls ? [filesOf(folder, { ...options.tls })] : []),
    args: (folder, port) =>
      ['--bind', '127.0.0.1', '--dir', folder].concat(
        settings,
        options.tls ? tlsOf(folder, port) : ['--port', String(port)],
        options.tls && options.cluster ? namesOfCluster : [],
      ),
    url: (port) => `${options.tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    probe: (url) => probe(url, options),
  })
}

/** Certificates are for names: clients hear them from the cluster in place of addresses. */
const namesOfCluster = [
  '--tls-cluster',
  'yes',
  '--cluster-announce-hostname',
  'localhost',
  '--cluster-preferred-endpoint-type',
  'hostname',
]

const tlsOf = (folder: string, port: number): string[] => {
  const files = ['ca-cert', 'cert', 'key'].flatMap((file) => [
    `--tls-${file}-file`,
    join(folder, file.replace('ca-cert', 'ca')),
  ])
  return ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files]
}

async function probe(url: string, { cluster, tls }: RedisOptions): Promise<void> {
  const client = new Redis(url, {
    ...(tls && { tls: { ca: tls.ca, checkServerIdentity: () => undefined } }),
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    if (!cluster) {
      await client.ping()
      return
    }
    const info = String(await client.call('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok')) return
    if (info.includes('cluster_slots_assigned:0')) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    }
    throw new Error('the cluster has not formed yet')
  } finally {
    client.disconnect()
  }
}
