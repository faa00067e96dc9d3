import type { Clock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { MailQueueStore, QueuedMail } from '#storage/mail-queue.ts'
import type { Mail, SendMail } from './mailer.ts'

/**
 * Mail goes through the database: `enqueue` resolves when it is kept there, and from then on neither a crash nor a dead
 * mail server loses it. It is sent at least once; a process that dies while sending leaves it to another. Bodies are
 * sealed, since they hold links that sign people in; a subject with a code in it is sealed too.
 */
export interface MailQueue {
  enqueue: SendMail
  /** Sends what is due now, here; resolves to how many were sent. */
  work(): Promise<number>
  stop(): Promise<void>
}

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
  let working: Promise<number> = Promise.resolve(0)

  const deliver = async (queued: QueuedMail): Promise<boolean> => {
    try {
      await parts.send(openMail(queued, sealer))
      await store.done(queued.id)
      return true
    } catch (error) {
      const pause = pausesMs[queued.attempts - 1]
      const next = pause === undefined ? undefined : parts.now() + pause
      await store.failed(queued.id, error instanceof Error ? error.message : String(error), next)
      parts.onError(error, queued)
      return false
    }
  }
  const workNow = async (): Promise<number> => {
    const due = await store.claim(batch, leaseMs)
    const outcomes = await Promise.all(due.map(deliver))
    return outcomes.filter(Boolean).length
  }
  const work = (): Promise<number> => {
    working = working.then(workNow, workNow)
    return working
  }
  const look = (): void => void work().catch((error: unknown) => parts.onError(error, { id: '' }))
  const timer = setInterval(look, parts.pollMs).unref()

  return {
    work,
    async enqueue(mail) {
      const id = newId()
      const sealedBody = sealer.seal(JSON.stringify(mail), id)
      await store.add({ id, to: mail.to, subject: mail.listedAs ?? mail.subject, sealedBody })
      look()
    },
    async stop() {
      clearInterval(timer)
      await working.catch(() => 0)
    },
  }
}

function openMail({ id, sealedBody }: QueuedMail, sealer: Sealer): Mail {
  const text = sealer.open(sealedBody, id)
  if (text === undefined)
    throw new Error('the mail was sealed with a SECRET_KEY that is no longer listed')
  return JSON.parse(text) as Mail
}
