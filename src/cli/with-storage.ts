import { loadConfig, type Config } from '#config/load.ts'
import type { Storage } from '#storage/storage.ts'
import { openStorage } from '#compose/storage.ts'

/** Runs a command on the server's storage, which is closed afterwards in any case. */
export async function withStorage<T>(
  work: (storage: Storage, config: Config) => Promise<T>,
): Promise<T> {
  const config = loadConfig()
  const storage = await openStorage(config)
  try {
    return await work(storage, config)
  } finally {
    await storage.close()
  }
}

/** The same, once the schema is that of this version; rejects when it is not. */
export const withMigratedStorage: typeof withStorage = (work) =>
  withStorage(async (storage, config) => {
    const pending = await storage.pendingMigrations()
    if (pending.length > 0)
      throw new Error('The schema is not up to date: run "migrate" first, or start the server.')
    return work(storage, config)
  })
