import { join } from 'node:path'
import { createSealer } from '#lib/sealing.ts'
import { createMailer } from '#mail/mailer.ts'
import { createNotify, type Notify } from '#mail/notify.ts'
import { createMailQueue, type MailQueue } from '#mail/queue.ts'
import type { Foundation } from './foundation.ts'

/** Mail to people: the queue it goes through, and our messages. */
export interface Mail {
  queue: MailQueue
  notify: Notify
}

const pollMs = 5000

export function createMail({ config, storage, log, now, secrets }: Foundation): Mail {
  const send = createMailer({
    from: config.MAIL_FROM,
    smtpUrl: config.SMTP_URL,
    caFile: config.SMTP_CA_FILE,
    outbox: config.development ? join(config.DATA_DIR, 'outbox') : undefined,
  })
  const queue = createMailQueue({
    store: storage.mailQueue,
    send,
    sealer: createSealer(secrets, 'mail'),
    now,
    pollMs,
    onError: (error, { id }) => log.warn({ err: error, mail: id }, 'mail was not sent'),
  })
  return { queue, notify: createNotify(config, queue) }
}
