import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { auditKind } from './examine.ts'
import type { Problem, Tally } from './ledger.ts'
import type { Timed, Visitor } from './visitor.ts'

/** What one program has found on one storage. */
export interface Report {
  /** States an aim, what was found, and what speaks against it: an aim is met when nothing does. */
  aim(sentence: string, found: string, against: readonly string[]): void
  /** Prints what was promised and kept, and judges it. */
  promises(tally: Tally): void
  /** Judges what honest clients got, and that no request took longer than `limitMs`. */
  answers(visitors: readonly Pick<Visitor, 'requests' | 'refused'>[], limitMs: number): void
  /** Judges how long the server needed to serve again, each time. */
  recovery(times: readonly number[]): void
  /** The report of one of several faults. */
  part(name: string): Report
  missed: string[]
  /** Everything so far. */
  text(): string
}

interface Sinks {
  missed?: string[]
  out?: Output
}

interface Output {
  console: Console
  text(): string
}

/** Programs may run side by side, so each one's text is kept until it ends. */
function collect(): Output {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { console: new Console(stream), text: () => Buffer.concat(chunks).toString() }
}

const recoveryLimitMs = 5000
const shown = 5

export function createReport(title: string, { missed = [], out = collect() }: Sinks = {}): Report {
  out.console.log(`\n## ${title}\n`)
  const aim: Report['aim'] = (sentence, found, against) => {
    const isMet = against.length === 0
    out.console.log(`${isMet ? 'met   ' : 'MISSED'}  ${sentence}: ${found}`)
    for (const [text, count] of mostFrequent(against))
      out.console.log(`          ${count} × ${text}`)
    if (!isMet) missed.push(`${title}: ${sentence}: ${found}`)
  }
  return {
    missed,
    part: (name) => createReport(`${title}: ${name}`, { missed, out }),
    text: () => out.text(),
    aim,
    promises(tally) {
      out.console.table(tableOf(tally))
      judge(tally, aim)
    },
    answers(visitors, limitMs) {
      const refused = visitors.flatMap((visitor) => visitor.refused)
      const requests = visitors.flatMap((visitor) => visitor.requests)
      const slow = requests.filter(({ ms }) => ms > limitMs)
      const slowest = Math.max(0, ...requests.map(({ ms }) => ms))
      const honest = `${refused.length} other answers of ${requests.length}`
      aim('an honest client gets 2xx, 3xx, or 503 with Retry-After', honest, refused)
      const found = `${slow.length}; the slowest took ${seconds(slowest)}`
      aim(`no request takes longer than ${seconds(limitMs)}`, found, slow.map(describe))
    },
    recovery(times) {
      const sorted = times.toSorted((a, b) => a - b)
      const slowest = sorted.at(-1) ?? 0
      const median = sorted[Math.floor(sorted.length / 2)] ?? 0
      const found = `${seconds(median)} in the middle, ${seconds(slowest)} at most`
      const late = sorted.filter((ms) => ms >= recoveryLimitMs)
      aim(`recovered in less than ${seconds(recoveryLimitMs)}`, found, late.map(seconds))
    },
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const describe = ({ name, end, ms }: Timed): string =>
  `${name}: ${end} after ${Math.round(ms / 1000)} s`

const tableOf = ({ rows }: Tally): object =>
  Object.fromEntries([...rows].toSorted(([a], [b]) => a.localeCompare(b)))

function judge({ rows, problems }: Tally, aim: Report['aim']): void {
  const total = (
    name: 'acknowledged' | 'spent' | 'cut',
    isWanted = (_kind: string) => true,
  ): number => [...rows].reduce((sum, [kind, row]) => sum + (isWanted(kind) ? row[name] : 0), 0)
  const events = rows.get(auditKind) ?? { acknowledged: 0, lost: 0 }
  const texts = (wanted: (problem: Problem) => boolean): string[] =>
    problems.filter(wanted).map(({ kind, text }) => `${kind}: ${text}`)

  const lost = texts(({ what }) => what === 'lost')
  const writes = total('acknowledged') - events.acknowledged
  aim('no acknowledged write is lost', `${lost.length} of ${writes}`, lost)
  const revived = texts(({ what }) => what === 'revived')
  aim('no consumed value revives', `${revived.length} of ${total('spent')}`, revived)
  const refreshes = total('cut', isRefresh)
  const out = texts(({ what, kind }) => what === 'broken' && isRefresh(kind))
  aim('no one cut off in a refresh is signed out', `${out.length} of ${refreshes}`, out)
  const half = texts(({ what, kind }) => what === 'broken' && !isRefresh(kind))
  const others = `${half.length} of ${total('cut') - refreshes}`
  aim('whatever else was cut off is done or not done', others, half)
  const missing = Array.from({ length: events.lost }, () => 'an event')
  const audited = `${events.lost} of ${events.acknowledged} events lost`
  aim('the audit log has every acknowledged sign-in', audited, missing)
}

const isRefresh = (kind: string): boolean => kind.startsWith('refresh')

function mostFrequent(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).slice(0, shown)
}
