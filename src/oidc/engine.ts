import type { Middleware } from 'koa'
import mount from 'koa-mount'
import type { Provider } from 'oidc-provider'
import type { JwtAccessTokens } from './access-tokens.ts'
import type { Keys, KeySet } from './keys.ts'

/**
 * The engine in service. Its keys are fixed when it is made, so a rotation makes a new one and swaps it in; requests
 * under way end on the one that they began with. Every process looks for a rotation by itself.
 */
export interface Engine {
  readonly provider: Provider
  readonly keySet: KeySet
  /** JWT access tokens, judged with the keys in service. */
  readonly jwt: JwtAccessTokens
  middleware: Middleware
  /** Looks for changed keys now; resolves to whether there were any. */
  refresh(): Promise<boolean>
  /** Stops looking. */
  stop(): void
}

export interface EngineParts {
  keys: Keys
  pollMs: number
  createProvider(keySet: KeySet, jwt: JwtAccessTokens): Provider
  createJwt(keySet: KeySet): JwtAccessTokens
  /** Called when a look at the keys fails; the old ones stay in service. */
  onRefreshError(error: unknown): void
}

export async function startEngine(parts: EngineParts): Promise<Engine> {
  const { keys, pollMs, onRefreshError } = parts
  let current = inService(parts, await keys.load())
  const refresh = async (): Promise<boolean> => {
    const keySet = await keys.load()
    if (keySet.revision === current.keySet.revision) return false
    current = inService(parts, keySet)
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
    get jwt() {
      return current.jwt
    },
    middleware: (ctx, next) => current.middleware(ctx, next),
    refresh,
    stop: () => clearInterval(timer),
  }
}

function inService({ createProvider, createJwt }: EngineParts, keySet: KeySet) {
  const jwt = createJwt(keySet)
  const provider = createProvider(keySet, jwt)
  return { keySet, jwt, provider, middleware: mount(provider as never) as Middleware }
}
