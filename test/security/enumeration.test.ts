import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { openInbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { newAddress, type Findings, type Question } from './stranger.ts'

/**
 * authentik CVE-2023-39522: a server that says, or shows by its time, who has an account. This is the one place where a
 * time is asserted; medians of requests that go out in pairs do not mind a busy machine. They may be 10 ms apart, and no
 * more than half of what a password takes to hash here: or one that is hashed for only one of the two would stay unseen.
 */
const samples = 200
const warmUp = 10
const maxDifferenceMs = 10

const env = {
  EMAIL_VERIFICATION: 'required',
  LOGIN_MAX_FAILURES: '1000',
  MAILS_PER_HOUR: '1000',
  MAILS_PER_ADDRESS_PER_HOUR: '1000000',
  REQUESTS_PER_MINUTE: '1000000',
  REQUESTS_PER_HOUR: '1000000',
}

const bodies = {
  '/auth/register': { email: 'ADDRESS', password: 'a fine long pass phrase', nickname: '小明' },
  '/auth/login': { email: 'ADDRESS', password: 'not the password' },
  '/auth/forgot-password': { email: 'ADDRESS' },
  '/auth/request-verify': { email: 'ADDRESS' },
  '/auth/verify-email': { email: 'ADDRESS', code: '000000' },
}

async function askStranger(question: Question): Promise<Findings> {
  const stranger = new Worker(new URL('stranger.ts', import.meta.url), { workerData: question })
  const [findings] = (await once(stranger, 'message')) as [Findings]
  await stranger.terminate()
  return findings
}

/** The median of a few, in milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  while (times.length < 9) {
    const begun = performance.now()
    await work()
    times.push(performance.now() - begun)
  }
  return times.toSorted((a, b) => a - b)[4]!
}

for (const [path, body] of Object.entries(bodies)) {
  test.serial(`POST ${path} does not tell whether someone has an address`, async (t) => {
    t.timeout(180_000)
    const inbox = await openInbox(t)
    const fixture = await start(t, { env: { ...env, SMTP_URL: inbox.url } })
    const { email: known } = await fixture.addUser({ email: newAddress() })
    const hashing = await timeOf(() =>
      fixture.server.services.accounts.passwords.hash('a pass phrase'),
    )
    const { answers, ...ms } = await askStranger({
      url: fixture.issuer + path,
      body: JSON.stringify(body),
      known,
      isUsedUp: path === '/auth/register',
      warmUp,
      samples,
    })
    t.is(answers.length, 1, answers.join('\n'))
    const allowed = Math.min(maxDifferenceMs, hashing / 2)
    const seen = `${ms.difference.toFixed(2)} ms apart of ${allowed.toFixed(2)}`
    t.log(`${path}: known ${ms.known.toFixed(2)} ms, unknown ${ms.unknown.toFixed(2)} ms, ${seen}`)
    t.true(Math.abs(ms.difference) <= allowed, seen)
  })
}
