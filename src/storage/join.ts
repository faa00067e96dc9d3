import type { ArtifactModel, ArtifactStore, StoredArtifact } from './artifacts.ts'
import { StorageUnavailable } from './errors.ts'
import type { LimitStore } from './limits.ts'
import type { KeptSignIns, SignInStore } from './sign-ins.ts'
import type { State } from './state.ts'
import type { Storage } from './storage.ts'
import type { UserStore } from './users.ts'

/** Knows no accounts: their epochs are compared here. */
type RedisArtifactStore = ArtifactStore & {
  setSessionEpoch(uid: string, epoch: number): Promise<void>
}

/** What `openRedisArtifacts` opens. */
export interface RedisHalf {
  artifacts: RedisArtifactStore
  limits: LimitStore
  check(): Promise<State>
  failures(): number
  close(): Promise<void>
}

/**
 * Where each model lives when there is a Redis. What is short-lived and hot is there: losing it signs people out and
 * loses nothing else. What someone consented to, or would have to be given again by hand, stays in SQL.
 */
export const homes: Readonly<Record<ArtifactModel, 'redis' | 'sql'>> = {
  Session: 'redis',
  Interaction: 'redis',
  AuthorizationCode: 'redis',
  DeviceCode: 'redis',
  PushedAuthorizationRequest: 'redis',
  ReplayDetection: 'redis',
  MfaToken: 'redis',
  MailSignIn: 'redis',
  SpentChallenge: 'redis',
  AccessToken: 'redis',
  ClientCredentials: 'redis',
  WechatSessionKey: 'redis',
  WechatAccessToken: 'redis',
  FederationState: 'redis',

  Grant: 'sql',
  RefreshToken: 'sql',
  RefreshAnswer: 'sql',
  RevokedToken: 'sql',
  Device: 'sql',
  InitialAccessToken: 'sql',
  RegistrationAccessToken: 'sql',
  PasswordReset: 'sql',
  EmailVerification: 'sql',
  MailCode: 'sql',
  RememberedDevice: 'sql',
  KnownDevice: 'sql',
  WriteProbe: 'sql',
}

/** One storage out of both halves. */
export function joinRedis(sql: Storage, redis: RedisHalf): Storage {
  return {
    users: sql.users,
    identities: sql.identities,
    providers: sql.providers,
    factors: sql.factors,
    clients: sql.clients,
    resources: sql.resources,
    signingKeys: sql.signingKeys,
    artifacts: joinArtifacts(sql.artifacts, redis.artifacts, sql.users),
    signIns: joinSignIns(sql.signIns, redis.artifacts),
    roles: sql.roles,
    apiKeys: sql.apiKeys,
    audit: sql.audit,
    mailQueue: sql.mailQueue,
    limits: redis.limits,
    statistics: sql.statistics,
    sealed: sql.sealed,
    withLock: (name, waitMs, work) => sql.withLock(name, waitMs, work),
    migrate: () => sql.migrate(),
    pendingMigrations: () => sql.pendingMigrations(),

    connections: () => sql.connections(),
    failures: () => ({ ...sql.failures(), redis: redis.failures() }),

    async check() {
      const [ofSql, ofRedis] = await Promise.all([sql.check(), redis.check()])
      return { ...ofSql, redis: ofRedis }
    },

    async close() {
      await Promise.all([sql.close(), redis.close()])
    },
  }
}

/** The end counts when it is in SQL; Redis is only cleared of what is over, and may be away. */
function joinSignIns(sql: SignInStore, redis: RedisArtifactStore): SignInStore {
  const clear = async (userId: string, keep: KeptSignIns | undefined, epoch: number) => {
    if (!keep) return redis.removeByAccount(userId)
    const { sessionUid } = keep
    if (sessionUid !== undefined) await redis.setSessionEpoch(sessionUid, epoch)
    for (const { uid } of await redis.listByAccount('Session', userId))
      if (uid !== undefined && uid !== sessionUid) await redis.endSession(uid)
  }
  return {
    async end(userId, how) {
      const ended = await sql.end(userId, how)
      if (ended)
        await clear(userId, how?.keep, ended.epoch).catch((error: unknown) => {
          if (!(error instanceof StorageUnavailable)) throw error
        })
      return ended
    },
  }
}

function joinArtifacts(
  sql: ArtifactStore,
  redis: ArtifactStore,
  users: Pick<UserStore, 'findSignInEpoch'>,
): ArtifactStore {
  const stores = { sql, redis }
  const home = (model: ArtifactModel) => stores[homes[model]]

  const current = async (
    stored: StoredArtifact | undefined,
  ): Promise<StoredArtifact | undefined> => {
    if (stored?.epoch === undefined || stored.accountId === undefined) return stored
    return (await users.findSignInEpoch(stored.accountId)) === stored.epoch ? stored : undefined
  }
  const find: ArtifactStore['find'] = async (model, key) =>
    homes[model] === 'sql' ? sql.find(model, key) : current(await redis.find(model, key))

  return {
    async write(batch) {
      const there = batch.filter(({ model }) => homes[model] === 'redis')
      const refused = there.length > 0 ? await redis.write(there) : undefined
      if (refused || there.length === batch.length) return refused
      return sql.write(batch.filter(({ model }) => homes[model] === 'sql'))
    },
    endSession: (uid) => home('Session').endSession(uid),
    put: (model, key, artifact) => home(model).put(model, key, artifact),
    putIfAbsent: (model, key, artifact) => home(model).putIfAbsent(model, key, artifact),
    find,
    findSessionByUid: async (uid) => current(await redis.findSessionByUid(uid)),
    findDeviceCodeByUserCode: async (hash) => current(await redis.findDeviceCodeByUserCode(hash)),
    consume: (model, key) => home(model).consume(model, key),
    remove: (model, key) => home(model).remove(model, key),

    async removeByGrant(grantId) {
      // The Grant first: without it the engine accepts nothing that carries its id, whatever becomes of the rest.
      await sql.removeByGrant(grantId)
      await redis.removeByGrant(grantId)
    },

    async listByAccount(model, accountId) {
      if (homes[model] === 'sql') return sql.listByAccount(model, accountId)
      const stored = await redis.listByAccount(model, accountId)
      const epoch = stored.length > 0 ? await users.findSignInEpoch(accountId) : undefined
      return stored.filter((one) => one.epoch === undefined || one.epoch === epoch)
    },

    async removeByAccount(accountId, models) {
      // SQL first, as above. A half that has none of the models is not asked: it may be away.
      for (const half of ['sql', 'redis'] as const) {
        const there = models?.filter((model) => homes[model] === half)
        if (there?.length !== 0) await stores[half].removeByAccount(accountId, there)
      }
    },

    async removeByClient(clientId) {
      // SQL first, as above.
      await sql.removeByClient(clientId)
      await redis.removeByClient(clientId)
    },

    countLive: (model) => home(model).countLive(model),

    async removeExpired(limit) {
      const removed = await sql.removeExpired(limit)
      return removed + (await redis.removeExpired(limit - removed))
    },
  }
}
