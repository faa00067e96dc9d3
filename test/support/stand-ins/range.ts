import { hash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { standIn, type StandIn } from './server.ts'

/**
 * A range service on loopback that has seen these passwords so often; of others it says 404, which the real one never does.
 * A count of 0 is padding.
 */
export function startRangeService(
  t: Pick<ExecutionContext, 'teardown'>,
  seen: Record<string, number>,
): Promise<StandIn> {
  const answers = Object.entries(seen).map(([password, count]) => {
    const digest = hash('sha1', password).toUpperCase()
    const others = ['a', 'b'].map((one) => `${hash('sha1', one).slice(5).toUpperCase()}:1`)
    const body = [others[0], `${digest.slice(5)}:${count}`, others[1]].join('\r\n')
    return [`GET /range/${digest.slice(0, 5)}`, () => ({ type: 'text/plain', body })] as const
  })
  return standIn(t, Object.fromEntries(answers))
}
