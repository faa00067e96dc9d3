/**
 * The measure for `logins.ts`: argon2 and nothing else, as many at a time as the server lets run. Each message from the
 * parent is a number of milliseconds to work; the answer is how many passwords were checked.
 */
import { verify } from 'argon2'
import { availableParallelism } from 'node:os'
import { defaultCosts, hashOf, password } from './people.ts'

export interface Checks {
  perSecond: number
  /** Milliseconds of processor time of one. */
  cpu: number
}

const stored = await hashOf(defaultCosts)

process.on('message', (milliseconds: number) => {
  void check(milliseconds).then((checks) => process.send!(checks))
})

async function check(milliseconds: number): Promise<Checks> {
  const started = performance.now()
  const cpuBefore = process.cpuUsage()
  let count = 0
  const work = async (): Promise<void> => {
    while (performance.now() - started < milliseconds) {
      await verify(stored, password)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    perSecond: (count * 1000) / (performance.now() - started),
    cpu: (user + system) / 1000 / count,
  }
}
