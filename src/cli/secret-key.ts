import { Command } from 'commander'
import { secretsOf } from '#config/development-secret.ts'
import { createSecretKeyUse, type SecretKeyUse, type SecretUse } from '#operations/secret-key.ts'
import { record } from './record.ts'
import { withMigratedStorage } from './with-storage.ts'

/** `secret-key status|reseal`: for changing SECRET_KEY, see docs/operate.md. */
export function secretKeyCommand(): Command {
  const command = new Command('secret-key').description('help with changing SECRET_KEY')
  command
    .command('status')
    .description(
      'show what in the database still needs SECRET_KEY_PREVIOUS; exit 1 if anything does',
    )
    .action(() =>
      withMigratedStorage((storage, config) =>
        printUse(createSecretKeyUse(storage.sealed, secretsOf(config)), config),
      ),
    )
  command
    .command('reseal')
    .description(
      'seal long-lived values with SECRET_KEY instead of SECRET_KEY_PREVIOUS; servers may run',
    )
    .action(() =>
      withMigratedStorage(async (storage, config) => {
        const use = createSecretKeyUse(storage.sealed, secretsOf(config))
        const count = await use.reseal()
        if (count > 0) await record(storage, { type: 'secret_key.resealed', details: { count } })
        console.log(`Sealed again: ${count}`)
        await printUse(use, config)
      }),
    )
  return command
}

const secretNames = (index: number | undefined): string =>
  index === undefined
    ? 'an unknown secret'
    : index === 0
      ? 'SECRET_KEY'
      : `SECRET_KEY_PREVIOUS (${index})`

async function printUse(
  use: SecretKeyUse,
  { REDIS_URL }: { REDIS_URL?: string | undefined },
): Promise<void> {
  const counts = await use.count()
  for (const { place, secret, count } of counts)
    console.log(`${place.padEnd(28)}${String(count).padStart(9)}  ${secretNames(secret)}`)
  console.log(verdictOn(counts.filter(({ secret }) => secret !== undefined && secret > 0)))
  if (REDIS_URL !== undefined)
    console.log(
      'Values in Redis are not counted; they expire SESSION_EXPIRE_SECONDS after the change.',
    )
}

function verdictOn(needing: readonly SecretUse[]): string {
  if (needing.length === 0) return 'Nothing in the database needs SECRET_KEY_PREVIOUS.'
  process.exitCode = 1
  return needing.some(({ isLasting }) => isLasting)
    ? 'SECRET_KEY_PREVIOUS is still needed: run "secret-key reseal".'
    : 'SECRET_KEY_PREVIOUS is still needed until these values expire.'
}
