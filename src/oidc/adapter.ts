import { createHmac } from 'node:crypto'
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { Artifact, ArtifactModel, ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import { artifactKey, createPayloadCodec, type Device } from './payload-codec.ts'

/**
 * What the engine keeps, in our store. Three things the engine leaves to its adapter happen here:
 * - ids are bearer secrets, so only their hash is stored, and payloads that repeat one are sealed;
 * - `consume` is atomic: whoever loses the race gets `invalid_grant` before any token is made;
 * - a spent refresh token counts as unspent for the grace period, until `consume` (see `refresh-grace.ts`).
 */
export interface AdapterParts {
  artifacts: ArtifactStore
  sealer: Sealer
  /** Key of the hashes of user codes. */
  userCodeKey: Buffer
  now: Clock
  graceMs: number
  /** Whose request is being answered, if one is; kept with sessions, for their owners to see. */
  device(): Device | undefined
  /** Called when a refresh token is presented again within the grace period. */
  onRefreshReplay(): void
}

/** Seconds that a device code is kept after its end, so that the answer is "expired" and not "unknown" (RFC 8628 §3.5). */
const deviceCodeAfterlife = 10 * 60

/**
 * How a user code is stored: a person can type it, so it has too few bits for a plain hash (some 35), and whoever copies
 * the database must not find it by trying all. `userCode` is in the engine's normal form (upper case, no dashes).
 */
const userCodeHash = (key: Buffer, userCode: string): string =>
  createHmac('sha256', key).update(userCode).digest('base64url')

export function createArtifactAdapter(model: ArtifactModel, parts: AdapterParts): Adapter {
  const { artifacts, now } = parts
  const codec = createPayloadCodec(model, parts.sealer)

  const read = (stored: StoredArtifact | undefined, id?: string): AdapterPayload | undefined => {
    const payload = stored && codec.read(stored, id)
    if (!payload || !stored?.consumedAt) return payload
    return model === 'RefreshToken' && now() - stored.consumedAt < parts.graceMs
      ? payload
      : { ...payload, consumed: Math.floor(stored.consumedAt / 1000) }
  }

  return {
    async upsert(id, payload, expiresIn) {
      const artifact = {
        ...columnsOf(model, { id, payload, userCodeKey: parts.userCodeKey }),
        payload: codec.write(
          id,
          model === 'Session' ? { ...payload, device: parts.device() } : payload,
        ),
      }
      const afterlife = model === 'DeviceCode' ? deviceCodeAfterlife : 0
      if (expiresIn) artifact.expiresAt = now() + (expiresIn + afterlife) * 1000
      if (model !== 'ReplayDetection') return artifacts.put(model, artifactKey(id), artifact)
      if (!(await artifacts.putIfAbsent(model, artifactKey(id), artifact))) {
        throw new errors.InvalidRequest('this proof has been used before')
      }
    },
    async consume(id) {
      if (await artifacts.consume(model, artifactKey(id))) return
      if (model === 'RefreshToken' && parts.graceMs > 0) parts.onRefreshReplay()
      throw model === 'PushedAuthorizationRequest'
        ? new errors.InvalidRequestUri('request_uri has been used before')
        : new errors.InvalidGrant(`${model} has been used before`)
    },
    find: async (id) => read(await artifacts.find(model, artifactKey(id)), id),
    findByUid: async (uid) => read(await artifacts.findSessionByUid(uid)),
    findByUserCode: async (userCode) =>
      read(await artifacts.findDeviceCodeByUserCode(userCodeHash(parts.userCodeKey, userCode))),
    destroy: (id) => artifacts.remove(model, artifactKey(id)),
    // The engine asks once for each model; the store deletes them all at the first.
    revokeByGrantId: (grantId) => artifacts.removeByGrant(grantId),
  }
}

/** What is searched for has a column of its own. An interaction's grant id is a note, not a bond: it must not die with it. */
function columnsOf(
  model: ArtifactModel,
  { id, payload, userCodeKey }: { id: string; payload: AdapterPayload; userCodeKey: Buffer },
): Omit<Artifact, 'payload'> {
  return {
    grantId: model === 'Grant' ? id : model === 'Interaction' ? undefined : payload.grantId,
    uid: model === 'Session' ? payload.uid : undefined,
    userCodeHash: payload.userCode ? userCodeHash(userCodeKey, payload.userCode) : undefined,
    accountId: payload.accountId,
    clientId: payload.clientId,
  }
}
