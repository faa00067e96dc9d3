import { Command } from 'commander'
import { withStorage } from './with-storage.ts'

/** `migrate` brings the schema up to date, as the server does at its start; `--check` only looks (exit 1 when behind). */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the database schema up to date')
    .option('--check', 'only list pending migrations; exit 1 if there are any')
    .action(async ({ check = false }: { check?: boolean }) => {
      const names = await withStorage((storage) =>
        check ? storage.pendingMigrations() : storage.migrate(),
      )
      for (const name of names) console.log(check ? `pending  ${name}` : `done  ${name}`)
      if (names.length === 0) console.log('The schema is up to date.')
      else if (check) process.exitCode = 1
    })
}
