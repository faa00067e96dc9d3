import { z } from 'zod'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { Storage } from '#storage/storage.ts'
import { isTokenRefused, WechatAway } from './errors.ts'
import type { WechatHttp } from './http.ts'
import type { WechatApp } from './app.ts'

/**
 * The access token of an app, for WeChat's server APIs: one for all processes, sealed in the storage, fetched by one of
 * them at a time (`/cgi-bin/stable_token`), renewed before it ends.
 */
export interface WechatAccessTokens {
  /** Calls with the token of the app; when WeChat does not take it (any more), once more with a new one. */
  use<T>(app: WechatApp, call: (token: string) => Promise<T>): Promise<T>
}

export interface WechatAccessTokenParts {
  http: WechatHttp
  storage: Pick<Storage, 'artifacts' | 'withLock'>
  sealer: Sealer
  now: Clock
}

/** WeChat makes the next token five minutes before the end of the one before, and takes both until then. */
const renewAheadMs = 4 * 60_000
const lockWaitMs = 10_000

const answer = z.object({ access_token: z.string().min(1), expires_in: z.number() })

export function createWechatAccessTokens(parts: WechatAccessTokenParts): WechatAccessTokens {
  const { artifacts, withLock } = parts.storage

  const stored = async ({ appId }: WechatApp): Promise<string | undefined> => {
    const found = await artifacts.find('WechatAccessToken', sha256(appId))
    return found && parts.sealer.open(found.payload, contextOf(appId))
  }

  /** The stored token, unless it is the one that WeChat has refused. */
  const current = async (app: WechatApp, refused: string | undefined): Promise<string> => {
    const usable = async (): Promise<string | undefined> => {
      const token = await stored(app)
      return token === refused ? undefined : token
    }
    const known = await usable()
    if (known !== undefined) return known
    const token = await withLock(
      `wechat-token:${app.appId}`,
      lockWaitMs,
      // Anyone who had the lock before has fetched it for all who wait.
      async () => (await usable()) ?? fetchToken(parts, app),
    )
    if (token === undefined) throw new WechatAway('/cgi-bin/stable_token', 'others wait for it too')
    return token
  }

  return {
    async use(app, call) {
      const token = await current(app, undefined)
      try {
        return await call(token)
      } catch (error) {
        if (!isTokenRefused(error)) throw error
        return call(await current(app, token))
      }
    },
  }
}

async function fetchToken(
  { http, storage, sealer, now }: WechatAccessTokenParts,
  { appId, appSecret }: WechatApp,
): Promise<string> {
  const { access_token: token, expires_in: seconds } = await http.json(
    {
      path: '/cgi-bin/stable_token',
      body: { grant_type: 'client_credential', appid: appId, secret: appSecret },
    },
    answer,
  )
  await storage.artifacts.put('WechatAccessToken', sha256(appId), {
    payload: sealer.seal(token, contextOf(appId)),
    expiresAt: now() + Math.max(1000, seconds * 1000 - renewAheadMs),
  })
  return token
}

const contextOf = (appId: string): string => `wechat-token:${appId}`
