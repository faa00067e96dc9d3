import type { Factor, FactorKind, FactorStore } from '#storage/factors.ts'
import type { User } from '#storage/users.ts'
import { isBackedUp, type Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import type { RememberedDevices } from './remembered-devices.ts'
import type { Totp, TotpConfirmation } from './totp.ts'

/**
 * What people do with their own factors: the functions behind the JSON routes, the account's pages and the enrolment
 * during a sign-in. None of them asks again who it is; anyone who calls has made sure of that. The owner gets a mail of
 * every factor that comes or goes, and the first one comes with recovery codes.
 */
export interface Factors {
  /** Oldest first. */
  list(userId: string): Promise<OwnFactor[]>
  countRecoveryCodes(userId: string): Promise<number>
  beginTotp: Totp['begin']
  /** `wrong`: the code is not one of this seed. Rejects as `Totp.confirm` does. */
  confirmTotp(user: User, given: TotpConfirmation): Promise<Enrolled | 'wrong'>
  beginPasskey: Passkeys['registrationOptions']
  /** Rejects as `Passkeys.register` does. */
  addPasskey(user: User, given: { response: unknown; name: string }): Promise<Enrolled>
  /** A new set, in the place of the old one; undefined for someone without a factor, whom they would not help. */
  makeRecoveryCodes(user: User): Promise<string[] | undefined>
  rename(userId: string, id: string, name: string): Promise<boolean>
  /** Also forgets every remembered device. Resolves to what was removed. */
  remove(user: User, id: string): Promise<OwnFactor | undefined>
  /** Every one, with the recovery codes; resolves to how many there were. */
  removeAll(user: User): Promise<number>
}

export interface OwnFactor {
  id: string
  kind: FactorKind
  name: string
  /** A passkey that is kept in more than one place. */
  backedUp: boolean
  createdAt: number
  lastUsedAt: number | undefined
}

export interface Enrolled {
  factor: OwnFactor
  /** To be shown now and never again; there with the first factor. */
  recoveryCodes: string[] | undefined
}

export interface FactorsParts {
  store: FactorStore
  totp: Totp
  passkeys: Passkeys
  recoveryCodes: RecoveryCodes
  rememberedDevices: RememberedDevices
  /** Tells the owner by mail. */
  tell(user: User, what: 'factorAdded' | 'factorRemoved', kind: FactorKind): Promise<void>
}

export function createFactors(parts: FactorsParts): Factors {
  const { store, totp, passkeys, recoveryCodes } = parts
  const enrolled = async (user: User, factor: Factor): Promise<Enrolled> => {
    await parts.tell(user, 'factorAdded', factor.kind)
    const isFirst = (await store.countRecoveryCodes(user.id)) === 0
    const codes = isFirst ? await recoveryCodes.make(user) : undefined
    return { factor: present(factor), recoveryCodes: codes }
  }
  const remove: Factors['remove'] = async (user, id) => {
    const removed = await store.remove(user.id, id)
    if (!removed) return undefined
    await parts.rememberedDevices.forgetAll(user.id)
    await parts.tell(user, 'factorRemoved', removed.kind)
    return present(removed)
  }
  return {
    list: async (userId) => (await store.listByUser(userId)).map(present),
    countRecoveryCodes: (userId) => store.countRecoveryCodes(userId),
    beginTotp: totp.begin,
    async confirmTotp(user, given) {
      const factor = await totp.confirm(user, given)
      return factor === 'wrong' ? 'wrong' : enrolled(user, factor)
    },
    beginPasskey: passkeys.registrationOptions,
    addPasskey: async (user, given) => enrolled(user, await passkeys.register(user, given)),
    makeRecoveryCodes: async (user) =>
      (await store.anyOfUser(user.id)) ? recoveryCodes.make(user) : undefined,
    rename: (userId, id, name) => store.rename(userId, id, name),
    remove,
    async removeAll(user) {
      const all = await store.listByUser(user.id)
      for (const { id } of all) await remove(user, id)
      return all.length
    },
  }
}

const present = (factor: Factor): OwnFactor => ({
  id: factor.id,
  kind: factor.kind,
  name: factor.name,
  backedUp: isBackedUp(factor),
  createdAt: factor.createdAt,
  lastUsedAt: factor.lastUsedAt,
})
