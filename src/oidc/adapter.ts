import { createHmac } from 'node:crypto'
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { Artifact, ArtifactModel, ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import { artifactKey, createPayloadCodec, type Device } from './payload-codec.ts'
import { committed, currentUnit } from './unit-of-work.ts'

/**
 * What the engine keeps, in our store. What the engine leaves to its adapter happens here:
 * - ids are bearer secrets, so only their hash is stored, and payloads that repeat one are sealed;
 * - what is written waits in the request's unit of work, which makes all of it or none (`unit-of-work.ts`);
 *   what is removed by grant, or revoked, is removed at once;
 * - a spent refresh token counts as unspent for the grace period, until `consume` (see `refresh-grace.ts`);
 * - sessions and grants carry the epoch of the sign-in that they come from (`#storage/sign-ins.ts`).
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
 * How a user code is stored: a person can type it, so it has too few bits for a plain hash (some 35), and anyone who copies
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
    // Clocks of two servers differ; a clock that was put back by more than the grace does not bring a token back.
    return model === 'RefreshToken' && Math.abs(now() - stored.consumedAt) < parts.graceMs
      ? payload
      : { ...payload, consumed: Math.floor(stored.consumedAt / 1000) }
  }

  const artifactOf = (id: string, payload: AdapterPayload, expiresIn: number): Artifact => {
    const afterlife = model === 'DeviceCode' ? deviceCodeAfterlife : 0
    return {
      ...columnsOf(model, { id, payload, userCodeKey: parts.userCodeKey }),
      epoch: epochOf(model, payload),
      payload: codec.write(
        id,
        model === 'Session' ? { ...payload, device: parts.device() } : payload,
      ),
      ...(expiresIn > 0 && { expiresAt: now() + (expiresIn + afterlife) * 1000 }),
    }
  }
  const find = (key: string): Promise<StoredArtifact | undefined> =>
    currentUnit()?.find(model, key) ?? artifacts.find(model, key)
  /** A session that only grows older is not written at every request, and does not undo what another one has changed. */
  const isAsBefore = (key: string, payload: AdapterPayload): boolean => {
    const stored = model === 'Session' ? currentUnit()?.known(model, key) : undefined
    const former = stored && codec.read(stored, undefined)
    const { seenAt = 0 } = (former?.['device'] ?? {}) as Partial<Device>
    return former !== undefined && now() - seenAt < touchMs && isSameSession(former, payload)
  }
  const saw = (stored: StoredArtifact | undefined): StoredArtifact | undefined => {
    if (stored) currentUnit()?.saw(model, stored)
    return stored
  }

  return {
    async upsert(id, payload, expiresIn = 0) {
      const key = artifactKey(id)
      if (isAsBefore(key, payload)) return
      const artifact = artifactOf(id, payload, expiresIn)
      if (model !== 'ReplayDetection')
        return committed(artifacts, async () => currentUnit()!.save(model, key, artifact))
      // Decided at once: whatever becomes of the request, the proof has been used.
      if (!(await artifacts.putIfAbsent(model, key, artifact)))
        throw new errors.InvalidRequest('this proof has been used before')
    },
    async consume(id) {
      const key = artifactKey(id)
      const stored = await find(key)
      if (!stored || stored.consumedAt !== undefined) throw spentBefore(model, parts)
      await committed(artifacts, async () => currentUnit()!.consume(model, key))
    },
    find: async (id) => read(await find(artifactKey(id)), id),
    findByUid: async (uid) => read(saw(await artifacts.findSessionByUid(uid))),
    findByUserCode: async (userCode) => {
      const hash = userCodeHash(parts.userCodeKey, userCode)
      return read(saw(await artifacts.findDeviceCodeByUserCode(hash)))
    },
    async destroy(id) {
      const key = artifactKey(id)
      const unit = currentUnit()
      if (unit && takesPart.has(model)) unit.remove(model, key)
      else await artifacts.remove(model, key)
    },
    // The engine asks once for each model; the store deletes them all at the first.
    revokeByGrantId: (grantId) => artifacts.removeByGrant(grantId),
  }
}

/** How often a session that is in use is written for its time alone. */
const touchMs = 60_000

const isSameSession = (former: AdapterPayload, payload: AdapterPayload): boolean =>
  JSON.stringify(withoutTimes(former)) === JSON.stringify(withoutTimes(payload))

/** In one order of names: the engine and JSON may have others. */
const withoutTimes = ({
  iat: _iat,
  exp: _exp,
  device: _device,
  ...rest
}: AdapterPayload & { device?: unknown }): [string, unknown][] =>
  Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Models that go with what the request writes: a session that gets a new id, an interaction that is resumed. */
const takesPart = new Set<ArtifactModel>(['Session', 'Interaction'])

/** A request that comes too late is refused before any token is made. */
function spentBefore(
  model: ArtifactModel,
  { graceMs, onRefreshReplay }: Pick<AdapterParts, 'graceMs' | 'onRefreshReplay'>,
): Error {
  if (model === 'RefreshToken' && graceMs > 0) onRefreshReplay()
  return model === 'PushedAuthorizationRequest'
    ? new errors.InvalidRequestUri('request_uri has been used before')
    : new errors.InvalidGrant(`${model} has been used before`)
}

/** Everything else hangs on one of these. */
const epochOf = (model: ArtifactModel, { accountId }: AdapterPayload): number | undefined =>
  (model === 'Session' || model === 'Grant') && accountId !== undefined
    ? currentUnit()?.epochOf(accountId)
    : undefined

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
