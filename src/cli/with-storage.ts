import { loadConfig, type Config } from '#config/load.ts'
import type { Storage } from '#storage/storage.ts'
import { openStorage } from '../storage-of.ts'

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
