/**
 * What 100,000 password sign-ins leave in memory (VmRSS of /proc, so Linux only), on SQLite, with the cheapest argon2
 * that the settings allow. What V8 has not collected yet says little, so `held` is the heap after a full collection: a
 * leak would show there. The server makes none by itself, so there is one before the first sign-in and one after the last.
 *
 * `--logins` (100000) shortens it.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { printTable, production, say, startYumen, withFolder, type Yumen } from './harness.ts'
import { costSettings, importPeople, leastCosts, loginsInTurn } from './people.ts'
import { residentMb } from './proc.ts'
import { checked } from './requests.ts'

const { values: options } = parseArgs({
  options: { logins: { type: 'string', default: '100000' } },
})
const logins = Number(options.logins)
const rowsWanted = 10
const people = 10_000

const rows: Record<string, string>[] = []
await withFolder(async (folder) => {
  const env = {
    ...production,
    ...costSettings(leastCosts),
    DATABASE_URL: `sqlite:${join(folder, 'yumen.db')}`,
  }
  await importPeople({ folder, env }, people, leastCosts)
  const yumen = await startYumen({ folder, env, isWatched: true })
  const request = loginsInTurn(people)
  await note(yumen, 0)
  for (let row = 1; row <= rowsWanted; row += 1) {
    const amount = logins / rowsWanted
    await autocannon({ url: yumen.issuer, connections: 8, amount, requests: [request] }).then(
      checked,
    )
    await note(yumen, row * amount)
  }
  await yumen.stop()
})
printTable('Memory and sign-ins', rows)

async function note(yumen: Yumen, done: number): Promise<void> {
  const resident = residentMb(yumen.pid)?.now ?? NaN
  const { heap, heapTotal, external } = await yumen.ask('memory')
  const held = done === 0 || done === logins ? await yumen.ask('held') : undefined
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed()} MB`
  rows.push({
    'sign-ins': String(done),
    resident: `${resident.toFixed()} MB`,
    heap: `${megabytes(heap)} of ${megabytes(heapTotal)}`,
    'outside the heap': megabytes(external),
    held: held ? `${(held.heap / 1e6).toFixed(1)} MB` : '',
  })
  say(Object.values(rows.at(-1)!).join(' · '))
}
