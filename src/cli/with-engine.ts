import type { ShowPage } from '#http/pages.ts'
import type { Engine } from '#oidc/engine.ts'
import type { CommandParts } from './with-services.ts'

const lockWaitMs = 60_000

/** Runs a command on the engine as the server has it; it judges clients and makes tokens, and serves nobody. */
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

const nobodyLooks: ShowPage = () => {
  throw new Error('a command shows no pages')
}
