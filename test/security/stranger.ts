import { parentPort, workerData } from 'node:worker_threads'
import { newSecret } from '#lib/ids.ts'
import { withoutRandom } from './clean.ts'

/** One request, asked again and again about someone who has an account and someone who has none. */
export interface Question {
  url: string
  /** JSON in which `ADDRESS` stands for the address; a form with the cookies of its page. */
  body: string
  cookie?: string | undefined
  known: string
  /** Whether an address that is unknown is so only once. */
  isUsedUp: boolean
  warmUp: number
  samples: number
}

export interface Findings {
  /** Medians, in milliseconds. */
  known: number
  unknown: number
  /** The median of what the known one took more than the unknown one beside it. */
  difference: number
  /** How far the times of one and the same person are apart: between the first and the third quarter. */
  spread: number
  /** Every answer that looked different from the ones before, but for what differs between any two requests. */
  answers: string[]
}

/** Of one length, so that nothing differs by it. */
export const newAddress = (): string => `${newSecret(9)}@example.com`.toLowerCase()

async function ask(
  { url, body, cookie }: Question,
  email: string,
): Promise<{ ms: number; seen: string }> {
  const headers = {
    'content-type': cookie === undefined ? 'application/json' : 'application/x-www-form-urlencoded',
    ...(cookie === undefined ? {} : { cookie, accept: 'text/html' }),
  }
  const begun = performance.now()
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: body.replace('ADDRESS', cookie === undefined ? email : encodeURIComponent(email)),
  })
  const text = await answer.text()
  const ms = performance.now() - begun
  const traceId = answer.headers.get('x-trace-id') ?? ''
  const isCounter = (name: string) => /^(?:date|ratelimit-(?:remaining|reset))$/.test(name)
  const seen = [
    answer.status,
    [...answer.headers].map(([name, value]) => [name, isCounter(name) ? '' : value]),
    // A page may hold a challenge for passkeys.
    withoutRandom(text)
      .replaceAll(email, 'address')
      .replaceAll(encodeURIComponent(email), 'address'),
  ]
  return { ms, seen: JSON.stringify(seen).replaceAll(traceId, 'trace') }
}

/**
 * Known and unknown are asked at the same moment, and take turns in being the first: whatever else the machine does hits
 * both alike.
 */
async function find(question: Question): Promise<Findings> {
  const nobody = newAddress()
  const times = { known: [] as number[], unknown: [] as number[] }
  const answers = new Set<string>()
  const order = ['known', 'unknown'] as const
  for (let n = 0; n < question.warmUp + question.samples; n++) {
    const unknown = question.isUsedUp ? newAddress() : nobody
    const pair = (n % 2 === 0 ? order : order.toReversed()).map(async (who) => {
      const { ms, seen } = await ask(question, who === 'known' ? question.known : unknown)
      answers.add(seen)
      if (n >= question.warmUp) times[who].push(ms)
    })
    await Promise.all(pair)
  }
  return {
    known: median(times.known),
    unknown: median(times.unknown),
    difference: median(times.known.map((ms, index) => ms - times.unknown[index]!)),
    spread: quantile(times.known, 0.75) - quantile(times.known, 0.25),
    answers: [...answers],
  }
}

const quantile = (numbers: number[], at: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * at)]!

const median = (numbers: number[]): number => quantile(numbers, 0.5)

// A thread of its own: on the server's, the client would feel the work that goes on behind the answer.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
if (parentPort) parentPort.postMessage(await find(workerData as Question))
