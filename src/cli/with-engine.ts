import type { Config } from '#config/load.ts'
import { openStorage } from '#compose/storage.ts'
import type { ShowPage } from '#http/pages.ts'
import { newSecret } from '#lib/ids.ts'
import type { Engine } from '#oidc/engine.ts'
import { withServicesOn, type CommandParts } from './with-services.ts'

const lockWaitMs = 60_000

/** Runs a command on the engine as the server has it; it judges clients and makes tokens, and serves no one. */
export async function withEngine<T>(
  parts: CommandParts,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const { storage, services } = parts
  // As at the first start: a database may be told of its clients before a server has run on it.
  await storage.withLock('first-start', lockWaitMs, () => services.keys.ensure())
  // A third of the program; few commands need it.
  const [{ engineOf }, { foreignSignInOf }] = await Promise.all([
    import('#compose/engine.ts'),
    import('#compose/foreign-tokens.ts'),
  ])
  const foreign = foreignSignInOf(parts)
  const engine = await engineOf(parts, { showPage: nobodyLooks, foreign })
  try {
    return await work(engine)
  } finally {
    engine.stop()
  }
}

/** Runs a command on an engine of this configuration whose database is in memory: nothing is read, nothing stays. */
export async function withScratchEngine<T>(
  config: Config,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const scratch = {
    ...config,
    DATABASE_URL: 'sqlite::memory:',
    REDIS_URL: undefined,
    // The one of development would be written to a file.
    SECRET_KEY: newSecret(48),
  }
  const storage = await openStorage(scratch)
  try {
    await storage.migrate()
    return await withServicesOn(storage, scratch, (parts) => withEngine(parts, work))
  } finally {
    await storage.close()
  }
}

const nobodyLooks: ShowPage = () => {
  throw new Error('a command shows no pages')
}
