import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from '../stage.ts'
import { Cut, Refused } from '../visitor.ts'
import { makingKeys } from './api-key.ts'
import { visitingApplication } from './application.ts'
import { enrolling } from './factor.ts'
import { changing, resetting } from './password.ts'
import { refreshing, refreshingApplication } from './refresh.ts'
import type { World } from './world.ts'

/** Who is at the server at once; each begins again when done. */
export const everyone: readonly Deed[] = [
  refreshing,
  refreshing,
  refreshing,
  refreshingApplication,
  refreshingApplication,
  visitingApplication,
  visitingApplication,
  resetting,
  resetting,
  resetting,
  changing,
  changing,
  makingKeys,
  enrolling,
]

export type Deed = (world: World) => Promise<void>

export interface Load {
  world: World
  /** Resolves when so many requests were acknowledged; after 20 s in any case. */
  until(acknowledged: number): Promise<void>
  /** Lets go all who have prepared a change. */
  release(): void
  /** Begins nothing new. Resolves when everyone has ended what they were at, or was cut off. */
  stop(): Promise<void>
}

/**
 * People at the server, until they are told to stop. What they were promised is in the ledger of their world. With `held`
 * those who change how they sign in wait for `release`, so that many are in the middle of it when the server is killed.
 */
export function startLoad(
  stage: Stage,
  { deeds = everyone, held = false }: { deeds?: readonly Deed[]; held?: boolean } = {},
): Load {
  let isOver = false
  const gate = Promise.withResolvers<void>()
  if (!held) gate.resolve()
  const world = stage.world({ isOver: () => isOver, go: () => gate.promise })
  const done = Promise.all(deeds.map((deed) => again(deed, world)))
  return {
    world,
    async until(acknowledged) {
      const deadline = performance.now() + 20_000
      while (world.ledger.acknowledged() < acknowledged && performance.now() < deadline)
        await sleep(5)
    },
    release: () => gate.resolve(),
    async stop() {
      isOver = true
      gate.resolve()
      await done
    },
  }
}

async function again(deed: Deed, world: World): Promise<void> {
  while (!world.isOver()) {
    try {
      await deed(world)
    } catch (error) {
      if (!(error instanceof Cut || error instanceof Refused))
        world.visitor.refused.push(String(error))
      // As an honest client, which does not hammer a server that is away.
      if (!world.isOver()) await sleep(100)
    }
  }
}
