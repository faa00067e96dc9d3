/**
 * Sign-ins from a WeChat mini program against the stand-in of the tests, which answers at once: how many a second with 32
 * at a time, and, one after another, how long one takes and how much of it is ours: the rest is the call to WeChat, which
 * this process makes by itself in between to know its time. A person who is new is also made a user.
 *
 * `--seconds` (4) and `--logins` (300) shorten it.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { startRedis } from '../test/support/servers/redis.ts'
import { startWechat, type Person } from '../test/support/wechat.ts'
import { cpuMsOf } from './proc.ts'
import { median, printTable, say, startYumen, withFolder, type Yumen } from './harness.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    logins: { type: 'string', default: '300' },
  },
})
const atOnce = 32

const wechat = await startWechat()
wechat.mood.perMinute = Infinity
const postgres = await startPostgres()
const redis = postgres && (await startRedis())
const production = {
  NODE_ENV: 'production',
  ALLOW_INSECURE_ISSUER: 'true',
  SECRET_KEY: 'a key that only this measurement uses, 0123456789',
  ADMIN_EMAIL: 'admin@example.com',
  ...wechat.env,
}
const rows: Record<string, string>[] = []
try {
  await measure('SQLite', (folder) => ({ DATABASE_URL: `sqlite:${join(folder, 'yumen.db')}` }))
  if (postgres && redis) {
    const urls = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    await measure('PostgreSQL and Redis', () => urls)
  }
} finally {
  await Promise.all([wechat.stop(), postgres?.stop(), redis?.stop()])
}
printTable('Sign-ins from a mini program', rows)

async function measure(
  storage: string,
  storageOf: (folder: string) => Record<string, string>,
): Promise<void> {
  await withFolder(async (folder) => {
    const yumen = await startYumen({ folder, env: { ...production, ...storageOf(folder) } })
    let count = 0
    const known = Array.from({ length: 200 }, (_, index) => ({ name: `known ${index}` }))
    for (const person of known) await login(yumen, person)
    const kinds = {
      known: () => known[count++ % known.length]!,
      new: () => ({ name: `new ${count++}` }),
    }
    for (const [kind, next] of Object.entries(kinds)) {
      say(`${storage}, ${kind}`)
      const { perSecond, cpuMs } = await throughput(yumen, next)
      const { whole, vendor } = await oneByOne(yumen, next)
      rows.push({
        'storage, person': `${storage}, ${kind}`,
        'sign-ins/s': perSecond.toFixed(),
        'processor time': `${cpuMs.toFixed(1)} ms`,
        'one sign-in': `${whole.toFixed(1)} ms`,
        'call to WeChat': `${vendor.toFixed(1)} ms`,
        ours: `${(whole - vendor).toFixed(1)} ms`,
      })
    }
    await yumen.stop()
  })
}

async function throughput(yumen: Yumen, next: () => Person) {
  const began = performance.now()
  const until = began + Number(options.seconds) * 1000
  const cpuBefore = cpuMsOf(yumen.pid) ?? NaN
  let done = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < until; done++) await login(yumen, next())
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const cpuMs = ((cpuMsOf(yumen.pid) ?? NaN) - cpuBefore) / done
  return { perSecond: (done * 1000) / (performance.now() - began), cpuMs }
}

/** Medians, in milliseconds. */
async function oneByOne(yumen: Yumen, next: () => Person) {
  const whole: number[] = []
  const vendor: number[] = []
  for (let count = 0; count < Number(options.logins); count++) {
    const person = next()
    whole.push(await timed(() => login(yumen, person)))
    vendor.push(await timed(() => askWechat(person)))
  }
  return { whole: median(whole), vendor: median(vendor) }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function login(yumen: Yumen, person: Person): Promise<void> {
  return answered(`${yumen.issuer}/auth/wechat-login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: wechat.login(person) }),
  })
}

/** The call that the server makes at each sign-in. */
function askWechat(person: Person): Promise<void> {
  const { id, secret } = wechat.app
  const query = new URLSearchParams({ appid: id, secret, js_code: wechat.login(person) })
  return answered(`${wechat.url}/sns/jscode2session?${query.toString()}`)
}

async function answered(url: string, init?: RequestInit): Promise<void> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (response.status !== 200 || text.includes('errcode')) throw new Error(text)
}
