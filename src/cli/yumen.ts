import { Command } from 'commander'
import { AppError } from '#lib/app-error.ts'
import { InvalidConfig } from '#config/load.ts'
import packageJson from '../../package.json' with { type: 'json' }

/** `npm run yumen -- …`: the operator's commands. Exit 0 done, 1 not done (the reason on standard error), 78 wrong setting. */
const program = new Command('yumen')
  .description('Operate a Yumen server: the same environment variables as the server itself.')
  .version(packageJson.version)

const commands = new Map<string, () => Promise<Command>>([
  ['backup', async () => (await import('./backup.ts')).backupCommand()],
  ['client', async () => (await import('./client.ts')).clientCommand()],
  ['config', async () => (await import('./config.ts')).configCommand()],
  ['keys', async () => (await import('./keys.ts')).keysCommand()],
  ['migrate', async () => (await import('./migrate.ts')).migrateCommand()],
  ['restore', async () => (await import('./backup.ts')).restoreCommand()],
  ['secret-key', async () => (await import('./secret-key.ts')).secretKeyCommand()],
  ['token', async () => (await import('./token.ts')).tokenCommand()],
  ['user', async () => (await import('./user.ts')).userCommand()],
])
// Only the wanted one is loaded, which is most of the time that a command takes; help shows them all.
const wanted = commands.get(process.argv[2] ?? '')
for (const load of wanted ? [wanted] : commands.values()) program.addCommand(await load())

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof InvalidConfig) {
    console.error(error.message)
    process.exitCode = 78
  } else {
    console.error(
      error instanceof AppError
        ? sentence(error.code)
        : error instanceof Error
          ? error.message
          : error,
    )
    process.exitCode = 1
  }
}

function sentence(code: string): string {
  const sentences: Record<string, string> = {
    keys_too_young:
      'The next key is too new: others may still hold a cached key set without it. Try later, or use --force.',
    keys_changed: 'Another process changed the keys at the same moment. Look with "keys list".',
    invalid_client:
      'There is no such client, or it is not a public first-party one. The built-in one is made when the server first starts.',
    invalid_target: 'There is no such resource. The server makes its own when it first starts.',
    busy: 'Others are changing the same at this moment. Try again.',
  }
  return sentences[code] ?? code
}
