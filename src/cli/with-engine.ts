import packageJson from '../../package.json' with { type: 'json' }
import type { App } from '../app.ts'
import type { CommandParts } from './with-services.ts'

const lockWaitMs = 60_000

/** Runs a command on the engine as the server has it; it judges clients and makes tokens, and serves nobody. */
export async function withEngine<T>(
  parts: CommandParts,
  work: (engine: App['engine']) => Promise<T>,
): Promise<T> {
  const { storage, services } = parts
  // As at the first start: a database may be told of its clients before a server has run on it.
  await storage.withLock('first-start', lockWaitMs, () => services.keys.ensure())
  // Half of the program; few commands need it.
  const { createApp } = await import('../app.ts')
  const { engine } = await createApp({
    ...parts,
    version: packageJson.version,
    isDraining: () => false,
  })
  try {
    return await work(engine)
  } finally {
    engine.stop()
  }
}
