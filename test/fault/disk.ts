import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../flow/instances.ts'
import { openSmallDisk } from './full-disk.ts'
import { goThrough } from './outage.ts'
import type { Program } from './program.ts'
import { openStage, requestLimitMs, type Stage } from './stage.ts'
import type { Visitor } from './visitor.ts'

/** SQLite has no room: writes are put off, reads go on, and when there is room again all is as before. */
export const disk: Program = {
  name: 'disk',
  title: 'disk full',
  storages: ['sqlite'],
  short: ['sqlite'],
  limitMs: 3 * 60_000,
  async run({ t, storage, report }) {
    const { folder, kind, fill, free } = await openSmallDisk(t)
    const databaseUrl = `sqlite:${join(folder, 'yumen.db')}`
    const stage = await openStage(t, { storage, databaseUrl })
    const server = await stage.start()
    const reads = await prepareReads(stage)
    const { visitor } = await goThrough(
      { stage, server, report },
      {
        name: kind,
        begin() {
          fill(server.pid)
          reads.begin()
        },
        // Longer than /health/ready lets pass between two tries to write.
        ms: 6000,
        until: ({ visitor }) => until(async () => putOff(visitor) > 5),
        async end() {
          await reads.end()
          free(server.pid)
        },
        limitMs: requestLimitMs,
        isTold: true,
        reason: /disk|full|space/i,
      },
    )
    report.aim('writes are put off with 503', `${putOff(visitor)} of them`, [])
    report.aim('reads go on', `${reads.good} good ones`, reads.bad)
  },
}

const putOff = ({ requests }: Visitor): number => requests.filter(({ end }) => end === 503).length

/** What needs no write: the key set, the metadata, and an API that asks about a token. */
async function prepareReads(stage: Stage) {
  const visitor = stage.visitor()
  const token = await stage.administrator(visitor)
  const paths = ['/oauth/jwks', '/.well-known/openid-configuration', '/users/me']
  const bad: string[] = []
  const over = new AbortController()
  let done = Promise.resolve()
  const reads = {
    good: 0,
    bad,
    begin(): void {
      done = readOn()
    },
    async end(): Promise<void> {
      over.abort()
      await done
    },
  }
  const readOn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      for (const path of paths) {
        await visitor.expect(`200 GET ${path}`, { token }).then(
          () => (reads.good += 1),
          (error: unknown) => bad.push(String(error)),
        )
      }
      await sleep(50)
    }
  }
  return reads
}
