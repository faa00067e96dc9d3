/**
 * Resident memory (VmRSS of /proc, so Linux only) of a server on SQLite with default settings: idle five seconds after
 * it is ready, and five seconds after 2,000 whole sign-ins and 10,000 token requests. `heap` is what V8 has for objects,
 * `held` what is left of them after a full collection, which the server would not have made by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import {
  clients,
  declareClients,
  printTable,
  say,
  signInWith,
  startYumen,
  withFolder,
  type Yumen,
} from './harness.ts'
import type { Question } from './inside.ts'
import { residentMb } from './proc.ts'
import { checked, tokenRequest } from './requests.ts'

const signIns = 2000
const atOnce = 8
const tokenRequests = 10_000
const idleMs = 5000

if (process.platform !== 'linux') {
  say(`memory: ${process.platform} has no /proc, nothing measured`)
  process.exit()
}

const rows: Record<string, string>[] = []
await withFolder(async (folder) => {
  // As a newcomer starts it: the server makes the password up, and loads nothing to judge it with.
  const env = { ADMIN_PASSWORD: undefined }
  for (const when of ['idle, new data folder', 'idle, existing data folder']) {
    const yumen = await startYumen({ folder, env })
    await note(yumen, when)
    await yumen.stop()
  }
})
await withFolder(async (folder) => {
  const yumen = await startYumen({ folder, env: declareClients(folder), isWatched: true })
  await signInMany(yumen)
  await note(yumen, `after ${signIns} sign-ins`, 'memory')
  await autocannon({
    url: yumen.issuer,
    connections: 32,
    amount: tokenRequests,
    requests: [tokenRequest(clients.jwtService)],
  }).then(checked)
  await note(yumen, `after ${tokenRequests} token requests more`, 'memory', 'held')
  await yumen.stop()
})
printTable('Resident memory', rows)

/** Asks the watched server also for its heap; `held` last, since it collects what the next row would have shown. */
async function note(yumen: Yumen, when: string, ...asked: Question[]): Promise<void> {
  await sleep(idleMs)
  const { now, highest } = residentMb(yumen.pid)!
  say(`${when}: ${now.toFixed()} MB`)
  rows.push({
    when,
    resident: `${now.toFixed()} MB`,
    'highest so far': `${highest.toFixed()} MB`,
    heap: asked.includes('memory') ? megabytes((await yumen.ask('memory')).heapTotal) : '',
    held: asked.includes('held') ? megabytes((await yumen.ask('held')).heap) : '',
  })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed()} MB`
}

async function signInMany(yumen: Yumen): Promise<void> {
  const signIn = await signInWith(yumen)
  let left = signIns
  const visitor = async (): Promise<void> => {
    while (left-- > 0) await signIn()
  }
  await Promise.all(Array.from({ length: atOnce }, visitor))
}
