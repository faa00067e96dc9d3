import type { AdapterPayload } from 'oidc-provider'
import { sha256 } from '#lib/hashing.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactModel, StoredArtifact } from '#storage/artifacts.ts'

/** Under what the engine's ids are stored. */
export const artifactKey = sha256

/** Where a person was seen. */
export interface Device {
  address: string
  agent: string
  /** Milliseconds since the epoch. */
  seenAt: number
}

/** Models whose payload holds a bearer secret: a session's cookie, a user code, a whole request. */
const sealedModels = new Set<ArtifactModel>([
  'Session',
  'Interaction',
  'DeviceCode',
  'PushedAuthorizationRequest',
])

/** How a payload is written and read again: sealed, or without the id. */
export function createPayloadCodec(model: ArtifactModel, sealer: Sealer) {
  const sealed = sealedModels.has(model)
  return {
    write(id: string, payload: AdapterPayload): string {
      if (sealed) return sealer.seal(JSON.stringify(payload), `${model}:${artifactKey(id)}`)
      const { jti: _secret, ...rest } = payload
      return JSON.stringify(rest)
    },
    read(stored: StoredArtifact, id: string | undefined): AdapterPayload | undefined {
      const text = sealed ? sealer.open(stored.payload, `${model}:${stored.key}`) : stored.payload
      if (text === undefined) return undefined
      const payload = JSON.parse(text) as AdapterPayload
      return sealed || id === undefined ? payload : { ...payload, jti: id }
    },
  }
}
