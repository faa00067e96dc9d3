import type { Clock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { Sealer } from '#lib/sealing.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import type { MailQueueStore, QueuedMail } from '#storage/mail-queue.ts'
import type { Mail, SendMail } from './mailer.ts'

/**
 * Mail goes through the database: `enqueue` resolves when it is kept there, and from then on neither a crash nor a dead
 * mail server loses it. It is sent at least once; a process that dies while sending leaves it to another. Bodies are
 * sealed, since they hold links that sign people in; a subject with a code in it is sealed too.
 */
export interface MailQueue {
  enqueue: SendMail
  /**
   * The same work for later: it is kept in the queue, with its values as JSON, and tried again as a mail is when it
   * rejects. For what a request causes and its answer must not wait for, nor tell by its time: whether a mail may go, to
   * whom, and what it says. Each name once, when the server is put together.
   */
  later<Values extends unknown[]>(name: string, work: Work<Values>): Work<Values>
  /** Does what is due now, here; resolves to how much was done. */
  work(): Promise<number>
  stop(): Promise<void>
}

type Work<Values extends unknown[]> = (...values: Values) => Promise<void>

export interface MailQueueParts {
  store: MailQueueStore
  send: SendMail
  sealer: Sealer
  now: Clock
  /** How often to look for mail of other processes, and for what is to be tried again. */
  pollMs: number
  onError(error: unknown, mail: { id: string }): void
}

const batch = 20
const leaseMs = 60_000
/** Pauses after each failure; after the last the mail is given up, some 15 hours after it was written. */
const pausesMs = [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 14_400_000, 28_800_000]

export function createMailQueue(parts: MailQueueParts): MailQueue {
  const { store, sealer } = parts
  const works = new Map<string, Work<unknown[]>>()
  let isStopped = false
  let working: Promise<number> = Promise.resolve(0)

  const deliver = async (queued: QueuedMail): Promise<boolean> => {
    try {
      const content = open(queued, sealer)
      if ('work' in content) await workOf(works, content.work)(...content.values)
      else await parts.send(content)
      await store.done(queued.id)
      return true
    } catch (error) {
      // A backend of ours that is away says nothing about the mail.
      const isOurs = error instanceof StorageUnavailable
      const pause = pausesMs[isOurs ? 0 : queued.attempts - 1]
      const next = pause === undefined ? undefined : parts.now() + pause
      await store.failed(queued.id, error instanceof Error ? error.message : String(error), next)
      parts.onError(error, queued)
      return false
    }
  }
  const workNow = async (): Promise<number> => {
    for (let done = 0; ;) {
      const due = await store.claim(batch, leaseMs)
      done += (await Promise.all(due.map(deliver))).filter(Boolean).length
      if (due.length === 0 || isStopped) return done
    }
  }
  const work = (): Promise<number> => {
    working = working.then(workNow, workNow)
    return working
  }
  const look = (): void => {
    if (!isStopped) work().catch((error: unknown) => parts.onError(error, { id: '' }))
  }
  const timer = setInterval(look, parts.pollMs).unref()
  const keep = async (listedAs: { to: string; subject: string }, content: Content) => {
    const id = newId()
    await store.add({ id, ...listedAs, sealedBody: sealer.seal(JSON.stringify(content), id) })
    // In the next turn of the event loop, when an answer has been written: SQLite would hold it up otherwise.
    setImmediate(look)
  }

  return {
    work,
    enqueue: (mail) => keep({ to: mail.to, subject: mail.listedAs ?? mail.subject }, mail),
    later(name, work) {
      // It gets back what it was given here.
      works.set(name, work as unknown as Work<unknown[]>)
      return (...values) => keep({ to: '', subject: name }, { work: name, values })
    },
    async stop() {
      clearInterval(timer)
      isStopped = true
      await working.catch(() => 0)
    },
  }
}

/** What is sealed: a mail, or work that makes one. */
type Content = Mail | { work: string; values: unknown[] }

function open({ id, sealedBody }: QueuedMail, sealer: Sealer): Content {
  const text = sealer.open(sealedBody, id)
  if (text === undefined)
    throw new Error('the mail was sealed with a SECRET_KEY that is no longer listed')
  return JSON.parse(text) as Content
}

function workOf(works: ReadonlyMap<string, Work<unknown[]>>, name: string): Work<unknown[]> {
  const work = works.get(name)
  if (!work) throw new Error(`another version of the server has asked for "${name}"`)
  return work
}
