import type { ArtifactModel, ArtifactStore } from './artifacts.ts'
import type { LimitStore } from './limits.ts'
import type { Storage } from './storage.ts'

/** What `openRedisArtifacts` opens. */
export interface RedisHalf {
  artifacts: ArtifactStore
  limits: LimitStore
  check(): Promise<boolean>
  failures(): number
  close(): Promise<void>
}

/**
 * Where each model lives when there is a Redis. What is short-lived and hot is there: losing it signs people out and
 * loses nothing else. What somebody consented to, or would have to be given again by hand, stays in SQL.
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
    artifacts: joinArtifacts(sql.artifacts, redis.artifacts),
    roles: sql.roles,
    apiKeys: sql.apiKeys,
    audit: sql.audit,
    mailQueue: sql.mailQueue,
    limits: redis.limits,
    statistics: sql.statistics,
    withLock: (name, waitMs, work) => sql.withLock(name, waitMs, work),
    migrate: () => sql.migrate(),
    pendingMigrations: () => sql.pendingMigrations(),

    failures: () => ({ ...sql.failures(), redis: redis.failures() }),

    async check() {
      const [database, isRedisUp] = await Promise.all([sql.check(), redis.check()])
      return { ...database, redis: isRedisUp }
    },

    async close() {
      await Promise.all([sql.close(), redis.close()])
    },
  }
}

function joinArtifacts(sql: ArtifactStore, redis: ArtifactStore): ArtifactStore {
  const stores = { sql, redis }
  const home = (model: ArtifactModel) => stores[homes[model]]
  return {
    put: (model, key, artifact) => home(model).put(model, key, artifact),
    putIfAbsent: (model, key, artifact) => home(model).putIfAbsent(model, key, artifact),
    find: (model, key) => home(model).find(model, key),
    findSessionByUid: (uid) => home('Session').findSessionByUid(uid),
    findDeviceCodeByUserCode: (hash) => home('DeviceCode').findDeviceCodeByUserCode(hash),
    consume: (model, key) => home(model).consume(model, key),
    remove: (model, key) => home(model).remove(model, key),

    async removeByGrant(grantId) {
      // The Grant first: without it the engine accepts nothing that carries its id, whatever becomes of the rest.
      await sql.removeByGrant(grantId)
      await redis.removeByGrant(grantId)
    },

    listByAccount: (model, accountId) => home(model).listByAccount(model, accountId),

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
