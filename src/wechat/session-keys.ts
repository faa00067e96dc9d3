import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'

/**
 * The session keys of mini programs: what WeChat seals a person's open data with. They never leave the server, are
 * sealed at rest, and each login's takes the place of the one before.
 */
export interface WechatSessionKeys {
  find(of: MiniProgramUser): Promise<string | undefined>
  replace(of: MiniProgramUser, sessionKey: string, userId: string): Promise<void>
}

export interface MiniProgramUser {
  appId: string
  openid: string
}

export interface WechatSessionKeyParts {
  artifacts: Pick<ArtifactStore, 'find' | 'put'>
  sealer: Sealer
  now: Clock
}

/** WeChat says no life; one that is this old has been replaced long since, or its owner is gone. */
const lifeMs = 30 * 86_400_000

export function createWechatSessionKeys({
  artifacts,
  sealer,
  now,
}: WechatSessionKeyParts): WechatSessionKeys {
  return {
    async find(of) {
      const key = keyOf(of)
      const stored = await artifacts.find('WechatSessionKey', key)
      return stored && sealer.open(stored.payload, key)
    },
    async replace(of, sessionKey, accountId) {
      const key = keyOf(of)
      const payload = sealer.seal(sessionKey, key)
      const expiresAt = now() + lifeMs
      await artifacts.put('WechatSessionKey', key, { payload, accountId, expiresAt })
    },
  }
}

const keyOf = ({ appId, openid }: MiniProgramUser): string =>
  sha256(JSON.stringify(['wechat-session-key', appId, openid]))
