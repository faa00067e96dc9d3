/**
 * Sealed values in SQL by the secret that sealed them, whatever records they belong to: how many there are, and the
 * long-lived ones one by one, to be sealed again.
 */
export const sealedPlaces = [
  'signing-keys',
  'providers',
  'totp',
  'mail',
  'Device',
  'RememberedDevice',
  'WechatSessionKey',
] as const
export type SealedPlace = (typeof sealedPlaces)[number]

export interface SealedValue {
  id: string
  /** Its owner; for `totp` only. */
  userId?: string | undefined
  sealed: string
}

export interface SealedCount {
  /** A place, or the model of an artifact. */
  place: string
  /** `Sealer.mark` of the sealer that sealed them. */
  mark: string
  count: number
}

export interface SealedStore {
  /** Counts the sealed values that have not expired. Scans whole tables: for operators, never in a request. */
  count(): Promise<SealedCount[]>

  /** At most `limit` values of the place with another mark, ordered by id, after `after`. */
  listOthers(
    place: SealedPlace,
    mark: string,
    page: { after: string; limit: number },
  ): Promise<SealedValue[]>

  /** Replaces the value by `sealed`; resolves to false, and changes nothing, if it has changed or is gone. */
  replace(place: SealedPlace, value: SealedValue, sealed: string): Promise<boolean>
}
