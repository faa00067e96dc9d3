import type { Middleware } from 'koa'
import mount from 'koa-mount'
import type { Provider } from 'oidc-provider'
import type { Keys, KeySet } from './keys.ts'

/**
 * The engine in service. Its keys are fixed when it is made, so a rotation makes a new one and swaps it in; requests
 * under way end on the one that they began with. Every process looks for a rotation by itself.
 */
export interface Engine {
  readonly provider: Provider
  readonly keySet: KeySet
  middleware: Middleware
  /** Looks for changed keys now; resolves to whether there were any. */
  refresh(): Promise<boolean>
  /** Stops looking. */
  stop(): void
}

export interface EngineParts {
  keys: Keys
  pollMs: number
  createProvider(keySet: KeySet): Provider
  /** Called when a look at the keys fails; the old ones stay in service. */
  onRefreshError(error: unknown): void
}

export async function startEngine({
  keys,
  pollMs,
  createProvider,
  onRefreshError,
}: EngineParts): Promise<Engine> {
  let current = inService(await keys.load(), createProvider)
  const refresh = async (): Promise<boolean> => {
    const keySet = await keys.load()
    if (keySet.revision === current.keySet.revision) return false
    current = inService(keySet, createProvider)
    return true
  }
  const timer = setInterval(() => void refresh().catch(onRefreshError), pollMs).unref()

  return {
    get provider() {
      return current.provider
    },
    get keySet() {
      return current.keySet
    },
    middleware: (ctx, next) => current.middleware(ctx, next),
    refresh,
    stop: () => clearInterval(timer),
  }
}

function inService(keySet: KeySet, createProvider: EngineParts['createProvider']) {
  const provider = createProvider(keySet)
  return { keySet, provider, middleware: mount(provider as never) as Middleware }
}
