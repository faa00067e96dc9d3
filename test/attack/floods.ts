import PQueue from 'p-queue'
import { newSecret } from '#lib/ids.ts'
import { callback } from '../support/start.ts'
import { limitless, openTarget, type Target } from './flood-target.ts'
import { storages } from '../support/trials.ts'
import type { Program, Trial } from './program.ts'
import { clientUrls, slowloris } from './slow.ts'

/** One kind of flood: a request, and how many rows each may leave. */
interface Flood {
  name: string
  mostRows: number
  send(origin: string, n: number): Promise<Response>
}

const postTo = (url: string, body: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const floods: Flood[] = [
  {
    name: 'registrations',
    // The user, the mail, its link and its code, events of the audit log, and the count of the day.
    mostRows: 8,
    send: (origin, n) =>
      postTo(`${origin}/auth/register`, {
        email: `${n}-${newSecret(6)}@example.com`,
        password: newSecret(),
      }),
  },
  {
    name: 'logins',
    mostRows: 2,
    send: (origin, n) =>
      postTo(`${origin}/auth/login`, {
        email: `${n}-${newSecret(6)}@example.com`,
        password: 'wrong',
      }),
  },
  {
    name: 'interactions',
    mostRows: 2,
    send: (origin) =>
      fetch(`${origin}/oauth/authorize?${asked.toString()}`, { redirect: 'manual' }),
  },
]

const asked = new URLSearchParams({
  client_id: 'notes',
  redirect_uri: callback,
  response_type: 'code',
  scope: 'openid',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
})

/** More than the heap and the caches of a server take once they are warm. */
const mostMegabytes = 250
const atOnce = 50

async function flood(target: Target, { send, mostRows, name }: Flood, total: number) {
  const { server, rows, memory } = target
  const queue = new PQueue({ concurrency: atOnce })
  const statuses = new Map<number | string, number>()
  const fire = (n: number) => async () => {
    const status = await send(server.origin, n).then(
      async (answer) => {
        await answer.arrayBuffer()
        const { status, headers } = answer
        return status === 503 && !headers.has('retry-after') ? '503 without Retry-After' : status
      },
      (error: unknown) => String(error),
    )
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  // Warm, so that what is loaded once does not count.
  await queue.addAll(Array.from({ length: 100 }, (_, n) => fire(n)))
  const before = { rows: sum(await rows()), megabytes: await memory() }
  for (let sent = 0; sent < total; sent += 1000)
    await queue.addAll(
      Array.from({ length: Math.min(1000, total - sent) }, (_, n) => fire(sent + n)),
    )
  const after = { rows: sum(await rows()), megabytes: await memory() }
  const perRequest = (after.rows - before.rows) / total
  const grown = Math.round(after.megabytes - before.megabytes)
  const wrong = [...statuses].filter(
    ([status]) => typeof status === 'string' || (status >= 500 && status !== 503),
  )
  return {
    name,
    statuses,
    perRequest,
    found: `${perRequest.toFixed(2)} rows a request, ${grown} MB; ${[...statuses].map(([status, n]) => `${n} × ${status}`).join(', ')}`,
    against: [
      ...wrong.map(([status, n]) => `${n} × ${status}`),
      ...(perRequest > mostRows ? [`${perRequest.toFixed(2)} rows a request`] : []),
      ...(grown > mostMegabytes ? [`${grown} MB more`] : []),
    ],
  }
}

const sum = (rows: Record<string, number>): number =>
  Object.values(rows).reduce((total, one) => total + one, 0)

async function floodWithoutLimits(trial: Trial, total: number): Promise<void> {
  const target = await openTarget(trial, { ...limitless, MAILS_PER_ADDRESS_PER_HOUR: '20' })
  for (const one of floods) {
    const { name, found, against } = await flood(target, one, total)
    const aim = `at most ${one.mostRows} rows a request, ${mostMegabytes} MB more, no 5xx but 503`
    trial.report.row({ attack: `${name}, limits off`, tried: total, found, aim, against })
    trial.say(name)
  }
}

/** With the default limits an address makes no more accounts and mails than it may. */
async function floodWithLimits(trial: Trial, total: number): Promise<void> {
  for (const one of floods.slice(0, 2)) {
    const target = await openTarget(trial, {})
    const { name, statuses, found, against } = await flood(target, one, total)
    const let_in = [...statuses].reduce((n, [status, count]) => (status === 429 ? n : n + count), 0)
    const { users = 0 } = await target.rows()
    const mails = target.inbox.received.length
    const problems = [
      ...against,
      // 60 a minute, 1,000 an hour; the flood may last for several minutes.
      ...(let_in > 1000 ? [`${let_in} requests were let in`] : []),
      ...(users > 1000 ? [`${users} users`] : []),
      ...(mails > 20 ? [`${mails} mails`] : []),
    ]
    const aim = 'at most 1000 let in, 20 mails'
    const text = `${found}; ${let_in} let in, ${mails} mails`
    trial.report.row({
      attack: `${name}, default limits`,
      tried: total,
      found: text,
      aim,
      against: problems,
    })
  }
}

export const flooding: Program = {
  name: 'floods',
  title: 'slow connections, floods, and URLs of clients that lead inside',
  storages,
  limitMs: 3_600_000,
  async run(trial) {
    await slowloris(trial)
    await clientUrls(trial)
    const total = trial.isShort ? 500 : 50_000
    await floodWithoutLimits(trial, total)
    await floodWithLimits(trial, Math.min(total, 5000))
  },
}
