/** Mail that waits to be sent: in the database, so that neither a crash nor a dead mail server loses any. */
export interface QueuedMail {
  /** UUIDv7. */
  id: string
  to: string
  subject: string
  /** The rendered message as JSON, sealed by the writer: it may hold a link that signs someone in. */
  sealedBody: string
  createdAt: number
  /** How often it was tried. */
  attempts: number
  /** When it may be tried next; a claim moves it ahead. */
  nextAttemptAt: number
  /** Why the last attempt failed. */
  lastError?: string | undefined
  /** `failed`: given up; kept for the administrator to see. */
  state: 'waiting' | 'failed'
}

export interface MailQueueStore {
  add(mail: Pick<QueuedMail, 'id' | 'to' | 'subject' | 'sealedBody'>): Promise<void>

  /**
   * Takes at most `limit` mails that are due, adds one to their attempts and puts off their next attempt by `leaseMs`, so
   * that no other process takes them meanwhile. One whose taker dies is due again after the lease: at least once.
   */
  claim(limit: number, leaseMs: number): Promise<QueuedMail[]>

  /** It was sent: deletes it. */
  done(id: string): Promise<void>

  /** It was not sent: to be tried again at `nextAttemptAt`, or given up when that is undefined. */
  failed(id: string, error: string, nextAttemptAt: number | undefined): Promise<void>

  /** Puts one that was given up back in the queue, due now and as if never tried; resolves to whether it was there. */
  retry(id: string): Promise<boolean>

  /** Deletes at most `limit` mails that were added before `time`, sent or not; resolves to how many. */
  removeBefore(time: number, limit: number): Promise<number>

  /** Newest first; `sealedBody` is empty here. */
  list(page: {
    limit: number
    cursor?: string | undefined
    state?: QueuedMail['state'] | undefined
  }): Promise<{ mails: QueuedMail[]; next: string | undefined }>
}
