import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'

/**
 * Browsers in which a person is not asked for the second factor, for 30 days. The browser has a random cookie; we keep
 * its hash together with the account, so that a cookie of one person says nothing about another. All of them go with
 * everything else of the account: a reset password, "sign out everywhere", a ban; and with the removal of a factor.
 */
export interface RememberedDevices {
  /** Resolves to the value of the cookie. `epoch`: the account's sign-in epoch when the second factor was shown. */
  remember(
    who: { userId: string; epoch?: number | undefined },
    where: { address: string; agent: string },
  ): Promise<string>
  isRemembered(userId: string, cookie: string): Promise<boolean>
  /** Latest first. */
  list(userId: string): Promise<RememberedDevice[]>
  /** Resolves to whether the person had it. */
  forget(userId: string, id: string): Promise<boolean>
  forgetAll(userId: string): Promise<void>
}

export interface RememberedDevice {
  id: string
  address: string
  agent: string
  /** Milliseconds since the epoch. */
  rememberedAt: number
  expiresAt: number
}

export interface RememberedDevicesParts {
  artifacts: ArtifactStore
  sealer: Sealer
  now: Clock
}

export const rememberMs = 30 * 86_400_000

export function createRememberedDevices({
  artifacts,
  sealer,
  now,
}: RememberedDevicesParts): RememberedDevices {
  const read = ({ key, payload, expiresAt = 0 }: StoredArtifact): RememberedDevice | undefined => {
    const text = sealer.open(payload, key)
    if (text === undefined) return undefined
    return { id: key, ...(JSON.parse(text) as Pick<RememberedDevice, Seen>), expiresAt }
  }
  return {
    async remember({ userId, epoch }, { address, agent }) {
      const cookie = newSecret()
      const key = keyOf(userId, cookie)
      const seen = { address, agent, rememberedAt: now() }
      const payload = sealer.seal(JSON.stringify(seen), key)
      const expiresAt = now() + rememberMs
      await artifacts.put('RememberedDevice', key, { payload, accountId: userId, epoch, expiresAt })
      return cookie
    },
    isRemembered: async (userId, cookie) =>
      (await artifacts.find('RememberedDevice', keyOf(userId, cookie))) !== undefined,
    async list(userId) {
      const stored = await artifacts.listByAccount('RememberedDevice', userId)
      return stored.map(read).filter((device) => device !== undefined)
    },
    async forget(userId, id) {
      const stored = await artifacts.listByAccount('RememberedDevice', userId)
      if (!stored.some(({ key }) => key === id)) return false
      await artifacts.remove('RememberedDevice', id)
      return true
    },
    forgetAll: (userId) => artifacts.removeByAccount(userId, ['RememberedDevice']),
  }
}

type Seen = 'address' | 'agent' | 'rememberedAt'

const keyOf = (userId: string, cookie: string): string => sha256(`${userId}:${cookie}`)
