import { setTimeout as sleep } from 'node:timers/promises'
import { join, type World } from './world.ts'

/** Makes accounts whose mail must come, once. */
export async function registering(world: World): Promise<void> {
  const { email } = await join(world)
  await world.ledger.attempt('mail of a registration', async () => email, {
    kept: () => async () => {
      await allMail(world)
      const count = mailsTo(world, email)
      return count === 1 ? undefined : `${count} mails`
    },
  })
}

export const mailsTo = ({ inbox }: World, email: string): number =>
  inbox.received.filter(({ to, text }) => to[0] === email && text.includes('/verify-email')).length

/** Longer than a server waits before it looks for mail again. */
const pollMs = 6000
const waits = new WeakMap<World, Promise<void>>()

/** Resolves when no more mail comes, for all who ask in one world. */
function allMail(world: World): Promise<void> {
  const wait = waits.get(world) ?? untilQuiet(world)
  waits.set(world, wait)
  return wait
}

async function untilQuiet({ inbox }: World): Promise<void> {
  for (let before = -1; inbox.received.length > before;) {
    before = inbox.received.length
    await sleep(pollMs)
  }
}
