import type { RequestFacts } from './api.ts'

/**
 * Does the work behind the answer, which must not tell by its time whether somebody has an address. It begins in the next
 * turn of the event loop, when the answer has been written: SQLite would hold it up otherwise.
 */
export function inBackground(work: () => Promise<void>, { log }: Pick<RequestFacts, 'log'>): void {
  setImmediate(() => {
    work().catch((error: unknown) => log.error({ err: error }, 'background work failed'))
  })
}
