import { Redis } from 'ioredis'
import { startRedis } from '../support/servers/redis.ts'
import { everyone } from './load/load.ts'
import { registering } from './load/registration.ts'
import { busyMs, goThrough, type Outage } from './outage.ts'
import type { Program } from './program.ts'
import { openStage } from './stage.ts'

/** `REDIS_COMMAND_TIMEOUT_MS`. */
const commandMs = 2000

/** A request ends with the first command that Redis does not serve; to take back what it had counted may cost another. */
const limitMs = 2 * commandMs + busyMs

/** docs/operate.md, "Redis": sessions, codes and opaque tokens are in Redis alone, and steps of a sign-in too. */
const lossOfRedis = {
  lost: ['consent', 'code', 'code for tokens', 'refresh of an application'],
  refused: /(oauth\/token|auth\/mfa): 40[01]|interaction session not found|session_expired/,
}

/** Redis is killed and comes back empty, is emptied, and is silent. */
export const redis: Program = {
  name: 'redis',
  title: 'Redis away',
  storages: ['postgres+redis'],
  short: ['postgres+redis'],
  limitMs: 8 * 60_000,
  async run({ t, storage, isShort, report }) {
    const server = (await startRedis())!
    t.teardown(() => server.stop())
    const env = { REDIS_COMMAND_TIMEOUT_MS: String(commandMs) }
    const stage = await openStage(t, { storage, env, redisUrl: server.url })
    const yumen = await stage.start()
    const common = { limitMs, deeds: [...everyone, registering], isTold: true }
    const outages: Outage[] = [
      {
        ...common,
        name: 'killed, and back empty',
        begin: () => server.halt('SIGKILL'),
        ms: isShort ? 2000 : 4000,
        end: () => server.resume(),
        allowance: lossOfRedis,
      },
      {
        ...common,
        name: 'emptied',
        begin: () => empty(server.url),
        isTold: false,
        allowance: lossOfRedis,
      },
      {
        ...common,
        name: 'silent',
        begin: () => process.kill(server.pid, 'SIGSTOP'),
        ms: isShort ? 3000 : 8000,
        end: () => process.kill(server.pid, 'SIGCONT'),
      },
    ]
    for (const outage of isShort ? outages.slice(0, 1) : outages)
      await goThrough({ stage, server: yumen, report }, outage)
  },
}

async function empty(url: string): Promise<void> {
  const client = new Redis(url)
  await client.flushall()
  client.disconnect()
}
