import { Command } from 'commander'
import { secretsOf } from '#config/development-secret.ts'
import { systemClock } from '#lib/clock.ts'
import type { Keys } from '#oidc/keys.ts'
import { keysOf } from '../services.ts'
import { withStorage } from './with-storage.ts'

/** `keys list`, `keys rotate`: the signing keys. A rotation needs no restart; every process takes it up by itself. */
export function keysCommand(): Command {
  const command = new Command('keys').description('look at or rotate the signing keys')
  command
    .command('list')
    .description('every key with its state: next, current, previous')
    .action(() => withKeys(printKeys))
  command
    .command('rotate')
    .description('next becomes current, current becomes previous, a new next is made')
    .option('--force', 'also when others may not have fetched the next key yet (a key was stolen)')
    .action(({ force = false }: { force?: boolean }) =>
      withKeys(async (keys) => {
        await keys.rotate({ force })
        await printKeys(keys)
      }),
    )
  return command
}

const withKeys = (work: (keys: Keys) => Promise<void>): Promise<void> =>
  withStorage(async (storage, config) => {
    const pending = await storage.pendingMigrations()
    if (pending.length > 0)
      throw new Error('The schema is not up to date: run "migrate" first, or start the server.')
    await work(keysOf(config, storage, { secrets: secretsOf(config), now: systemClock }))
  })

async function printKeys(keys: Keys): Promise<void> {
  for (const { id, alg, state, stateSince } of await keys.list()) {
    console.log(`${id}  ${alg}  ${state.padEnd(8)}  since ${new Date(stateSince).toISOString()}`)
  }
}
