import { Command } from 'commander'
import { secretsOf } from '#config/development-secret.ts'
import { systemClock } from '#lib/clock.ts'
import { AppError } from '#lib/app-error.ts'
import type { Keys } from '#oidc/keys.ts'
import type { Storage } from '#storage/storage.ts'
import { keysOf } from '#compose/keys.ts'
import { record } from './record.ts'
import { withMigratedStorage } from './with-storage.ts'

/** `keys list|rotate|revoke`: the signing keys. No change needs a restart: every process polls for new keys. */
export function keysCommand(): Command {
  const command = new Command('keys').description('look at, rotate or revoke the signing keys')
  command
    .command('list')
    .description('list keys with their state: next, current, previous')
    .action(() => withKeys(({ keys }) => printKeys(keys)))
  command
    .command('rotate')
    .description(
      'rotate: next becomes current, current becomes previous, and a new next is created',
    )
    .option('--force', 'even if clients may not have fetched the next key yet')
    .action(({ force = false }: { force?: boolean }) => withKeys((parts) => rotate(parts, force)))
  command
    .command('revoke')
    .description('revoke a compromised key; everything it signed becomes invalid')
    .argument('<kid>', 'as shown by "keys list"')
    .action((kid: string) => withKeys((parts) => revoke(parts, kid)))
  return command
}

interface KeyParts {
  keys: Keys
  storage: Storage
}

const withKeys = (work: (parts: KeyParts) => Promise<void>): Promise<void> =>
  withMigratedStorage(async (storage, config) => {
    const keys = keysOf({ config, storage, secrets: secretsOf(config), now: systemClock })
    await work({ keys, storage })
  })

async function rotate({ keys, storage }: KeyParts, force: boolean): Promise<void> {
  await keys.rotate({ force })
  await record(storage, { type: 'keys.rotated', target: 'keys', details: { force } })
  await printKeys(keys)
}

async function revoke({ keys, storage }: KeyParts, kid: string): Promise<void> {
  const { alg, state } = await keys.revoke(kid).catch((error: unknown) => {
    const isUnknown = error instanceof AppError && error.code === 'not_found'
    throw isUnknown ? new Error('There is no such key. "keys list" shows them.') : error
  })
  await record(storage, { type: 'keys.revoked', target: `key:${kid}`, details: { alg, state } })
  await printKeys(keys)
}

async function printKeys(keys: Keys): Promise<void> {
  for (const { id, alg, state, stateSince } of await keys.list()) {
    console.log(`${id}  ${alg}  ${state.padEnd(8)}  since ${new Date(stateSince).toISOString()}`)
  }
}
