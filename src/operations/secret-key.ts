import { totpContext } from '#factors/totp.ts'
import { providerContext } from '#federation/registry.ts'
import { createSealer } from '#lib/sealing.ts'
import {
  sealedPlaces,
  type SealedPlace,
  type SealedStore,
  type SealedValue,
} from '#storage/sealed.ts'

/** Which of the listed secrets the database still needs, and how to make it need only the newest. */
export interface SecretKeyUse {
  count(): Promise<SecretUse[]>
  /** Seals long-lived values with the newest secret, while servers run; resolves to their number. */
  reseal(): Promise<number>
}

export interface SecretUse {
  /** What the values are: a place, or the model of an artifact. */
  place: string
  /** 0 is SECRET_KEY, 1 the first of SECRET_KEY_PREVIOUS; undefined if no listed secret opens them. */
  secret: number | undefined
  count: number
  /** Whether `reseal` seals them again; the others expire. */
  isLasting: boolean
}

interface Sealed {
  /** What `createSealer` is given where the value is made. */
  purpose: string
  context(value: SealedValue): string
}

const byId = ({ id }: SealedValue): string => id

const places: Record<SealedPlace, Sealed> = {
  'signing-keys': { purpose: 'signing-keys', context: byId },
  providers: { purpose: 'providers', context: ({ id }) => providerContext(id) },
  totp: { purpose: 'totp', context: ({ id, userId = '' }) => totpContext({ id, userId }) },
  mail: { purpose: 'mail', context: byId },
  Device: { purpose: 'artifacts', context: byId },
  RememberedDevice: { purpose: 'remembered-devices', context: byId },
  WechatSessionKey: { purpose: 'wechat', context: byId },
}

/** Those of the places above, and of short-lived records. */
const purposes = new Set([...Object.values(places).map(({ purpose }) => purpose), 'federation'])

const batch = 200

export function createSecretKeyUse(
  store: SealedStore,
  secrets: readonly [string, ...string[]],
): SecretKeyUse {
  const indexes = new Map(
    secrets.flatMap((secret, index) =>
      [...purposes].map((purpose) => [createSealer([secret], purpose).mark, index] as const),
    ),
  )
  return {
    async count() {
      const counts = await store.count()
      return counts.map(({ place, mark, count }) => ({
        place,
        secret: indexes.get(mark),
        count,
        isLasting: place in places,
      }))
    },
    async reseal() {
      let total = 0
      for (const place of sealedPlaces) total += await resealPlace(store, secrets, place)
      return total
    },
  }
}

async function resealPlace(
  store: SealedStore,
  secrets: readonly string[],
  place: SealedPlace,
): Promise<number> {
  const { purpose, context } = places[place]
  const sealer = createSealer(secrets, purpose)
  let total = 0
  for (let after = ''; ;) {
    const values = await store.listOthers(place, sealer.mark, { after, limit: batch })
    for (const value of values) {
      const text = sealer.open(value.sealed, context(value))
      if (text === undefined) continue
      // A value that has changed since was sealed by a server, with its newest secret.
      if (await store.replace(place, value, sealer.seal(text, context(value)))) total += 1
    }
    const last = values.at(-1)
    if (!last) return total
    after = last.id
  }
}
