/** The time for some work has passed. */
export class TimeIsUp extends Error {
  constructor(ms: number) {
    super(`no answer in ${Math.round(ms)} ms`)
    this.name = 'TimeIsUp'
  }
}

/**
 * What `work` resolves to, or TimeIsUp when it takes longer than `ms`; Infinity: no limit. The work goes on after that and
 * its outcome is ignored, so the caller must end whatever the work holds.
 */
export function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  if (ms === Infinity) return work()
  if (ms <= 0) return Promise.reject(new TimeIsUp(ms))
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeIsUp(ms)), ms)
  })
  return Promise.race([work(), limit]).finally(() => clearTimeout(timer))
}
