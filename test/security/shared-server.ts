import test from 'ava'
import { start, type Fixture, type StartOptions } from '../support/start.ts'

/**
 * One server for all tests of a file, where no test leaves anything that another could trip over; `prepare` makes
 * what they all need.
 */
export function sharedServer(
  options?: StartOptions,
  prepare?: (fixture: Fixture) => Promise<void>,
): () => Fixture {
  let fixture: Fixture | undefined
  const endings: (() => unknown)[] = []
  test.before(async () => {
    const teardown = (end: () => unknown): void => void endings.unshift(end)
    fixture = await start({ teardown }, options)
    await prepare?.(fixture)
  })
  test.after.always(async () => {
    for (const end of endings) await end()
  })
  return () => fixture!
}
