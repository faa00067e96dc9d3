import { Redis } from 'ioredis'
import { findProgram } from './find.ts'
import { startServer } from './server-process.ts'
import type { RunningServer } from './server-process.ts'

export interface RedisOptions {
  /** A cluster of this one node, which has every slot: it refuses what a real cluster would refuse. */
  cluster?: boolean
  /** Where to listen; without it a free port. */
  port?: number
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
    args: (folder, port) =>
      ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder].concat(settings),
    url: (port) => `redis://127.0.0.1:${port}`,
    probe: (url) => probe(url, options.cluster ?? false),
  })
}

async function probe(url: string, isCluster: boolean): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    if (!isCluster) {
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
