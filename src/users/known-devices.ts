import { knownBrowserMs } from '#http/known-browser.ts'
import type { Clock } from '#lib/clock.ts'
import { sha256 } from '#lib/hashing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { User } from '#storage/users.ts'

/**
 * Devices that an account was used on, so that its owner hears of a new one. A device is whatever tells it from others: the
 * random value of a cookie, or a program and its address. Kept as a hash together with the account, for 400 days (as long as
 * browsers keep a cookie); ending every sign-in forgets them.
 */
export interface KnownDevices {
  /**
   * Notes that the user, as they were before this sign-in, is on the device; resolves to whether it is a new one. The device
   * of the very first sign-in is not.
   */
  see(user: Pick<User, 'id' | 'loginCount'>, device: string): Promise<boolean>
}

export function createKnownDevices({
  artifacts,
  now,
}: {
  artifacts: Pick<ArtifactStore, 'find' | 'listByAccount' | 'put'>
  now: Clock
}): KnownDevices {
  return {
    async see({ id: accountId, loginCount }, device) {
      const key = sha256(`${accountId}:${device}`)
      const expiresAt = now() + knownBrowserMs
      const known = await artifacts.find('KnownDevice', key)
      // Written again only when half its time is over: most sign-ins then cost one look-up.
      if ((known?.expiresAt ?? 0) - now() > knownBrowserMs / 2) return false
      const others = known ? [] : await artifacts.listByAccount('KnownDevice', accountId)
      await artifacts.put('KnownDevice', key, { payload: '{}', accountId, expiresAt })
      return !known && (others.length > 0 || loginCount > 0)
    },
  }
}
