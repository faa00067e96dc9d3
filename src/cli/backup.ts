import { Command } from 'commander'
import { secretsOf } from '#config/development-secret.ts'
import { loadConfig, type Config } from '#config/load.ts'
import { systemClock } from '#lib/clock.ts'
import { backupsOf } from '#storage/sql/backup.ts'
import { keysOf } from '#compose/keys.ts'
import { openStorage } from '#compose/storage.ts'

/** `backup FILE`: a consistent copy of the SQLite database, while servers run. */
export const backupCommand = (): Command =>
  new Command('backup')
    .description('write a consistent copy of the SQLite database; servers may run')
    .argument('<file>', 'must not exist yet')
    .action(backUp)

/** `restore FILE`: makes a backup the database. */
export const restoreCommand = (): Command =>
  new Command('restore')
    .description('restore the SQLite database from a backup; servers must be stopped')
    .argument('<file>', 'written by "backup"')
    .action(restore)

async function backUp(file: string): Promise<void> {
  const { DATABASE_URL } = loadConfig()
  await (await backupsOf(DATABASE_URL)).backUp(DATABASE_URL, file)
  console.log(`Backed up to ${file}.`)
  console.log('It cannot be used without SECRET_KEY: keep that and your settings elsewhere.')
}

async function restore(file: string): Promise<void> {
  const config = loadConfig()
  const backups = await backupsOf(config.DATABASE_URL)
  await backups.restore(file, config.DATABASE_URL, (url) => expectOurs(config, url))
  console.log('Restored. The server brings the schema up to date when it starts.')
  if (config.REDIS_URL !== undefined)
    console.log('Empty Redis before you start a server: its contents are newer than the backup.')
}

/** Rejects if it is not a database of this product, or was sealed with another SECRET_KEY. */
async function expectOurs(config: Config, url: string): Promise<void> {
  const { REDIS_URL: _, ...withoutRedis } = config
  const storage = await openStorage({ ...withoutRedis, DATABASE_URL: url })
  try {
    const pending = await storage.pendingMigrations()
    if (pending.some((name) => name.startsWith('0001_')))
      throw new Error('The file is not a Yumen database.')
    await keysOf({ config, storage, secrets: secretsOf(config), now: systemClock }).load()
  } finally {
    await storage.close()
  }
}
