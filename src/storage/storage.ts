import type { ApiKeyStore } from './api-keys.ts'
import type { ArtifactStore } from './artifacts.ts'
import type { AuditStore } from './audit.ts'
import type { ClientStore } from './clients.ts'
import type { FactorStore } from './factors.ts'
import type { IdentityStore } from './identities.ts'
import type { LimitStore } from './limits.ts'
import type { MailQueueStore } from './mail-queue.ts'
import type { ProviderStore } from './providers.ts'
import type { ResourceStore } from './resources.ts'
import type { RoleStore } from './roles.ts'
import type { SealedStore } from './sealed.ts'
import type { SignInStore } from './sign-ins.ts'
import type { SigningKeyStore } from './signing-keys.ts'
import type { State } from './state.ts'
import type { StatisticsStore } from './statistics.ts'
import type { UserStore } from './users.ts'

/**
 * Where everything is kept. One SQL database holds the truth; with Redis, what is short-lived lives there
 * (`join.ts` says which). A method that cannot reach its backend rejects with StorageUnavailable.
 */
export interface Storage {
  users: UserStore
  identities: IdentityStore
  providers: ProviderStore
  factors: FactorStore
  clients: ClientStore
  resources: ResourceStore
  signingKeys: SigningKeyStore
  artifacts: ArtifactStore
  signIns: SignInStore
  roles: RoleStore
  apiKeys: ApiKeyStore
  audit: AuditStore
  mailQueue: MailQueueStore
  /** In Redis when there is one. */
  limits: LimitStore
  statistics: StatisticsStore
  /** The sealed values of all tables. */
  sealed: SealedStore

  /**
   * Runs `work` while no other process holds the lock `name`, waiting for it up to `waitMs` (0: do not wait).
   * Resolves to the work's result, or undefined when the lock was not to be had. A process that dies lets go.
   */
  withLock<T>(name: string, waitMs: number, work: () => Promise<T>): Promise<T | undefined>

  /** Brings the schema up to date; safe to call from any number of processes at once. Resolves to the names of what ran. */
  migrate(): Promise<string[]>

  /** Names of migrations that have not run, oldest first. Changes nothing. */
  pendingMigrations(): Promise<string[]>

  /**
   * What serves now, within seconds; never rejects. `writes`: whether the database takes a new record, which it is asked at
   * most once in five seconds. `redis` is absent when none is configured.
   */
  check(): Promise<{ database: State; writes: State; redis?: State }>

  /** How often each half did not answer a call since it was opened. */
  failures(): { database: number; redis?: number }

  /** This process's connections to the database, and how many calls wait for one. */
  connections(): Connections

  /** Ends every connection. */
  close(): Promise<void>
}

export interface Connections {
  used: number
  free: number
  waiting: number
  /** The size of the pool. */
  max: number
}
