import type { ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import type { Sessions } from '#oidc/sessions.ts'
import type { EndSignIns } from '#users/end-sign-ins.ts'
import type { Storage } from '#storage/storage.ts'
import { adminApiKeyRoutes } from './api-keys.ts'
import { auditRoutes } from './audit.ts'
import { clientSecretRoutes } from './client-secrets.ts'
import { clientRoutes, type ClientParts } from './clients.ts'
import { keyRoutes, type KeyParts } from './keys.ts'
import { mailRoutes } from './mail.ts'
import { providerRoutes, type ProviderParts } from './providers.ts'
import { withRefusals } from './refusals.ts'
import { resourceRoutes } from './resources.ts'
import { roleRoutes } from './roles.ts'
import { sessionRoutes } from './sessions.ts'
import { settingsRoutes, type SettingsParts } from './settings.ts'
import { statsRoutes, type StatsParts } from './stats.ts'
import { userActionRoutes, type UserActionParts } from './user-actions.ts'
import { userRoutes } from './users.ts'

/**
 * `/admin/…`: the administrators' JSON API, for anyone who holds the scope of an area (`scopes.ts`): people with the role
 * `admin`, and clients that are registered for the scope. Every change is written to the audit log with what was before
 * and after. The pages of the console call the same functions.
 */
export interface AdminParts
  extends
    Pick<
      UserActionParts,
      'passwords' | 'passwordPolicy' | 'recovery' | 'factors' | 'apiResource' | 'now'
    >,
    Pick<ClientParts, 'validateClient'>,
    Pick<KeyParts, 'keys' | 'refreshKeys'>,
    Pick<ProviderParts, 'providers' | 'issuer'>,
    SettingsParts,
    StatsParts {
  storage: Pick<
    Storage,
    | 'users'
    | 'clients'
    | 'resources'
    | 'roles'
    | 'apiKeys'
    | 'artifacts'
    | 'audit'
    | 'mailQueue'
    | 'providers'
    | 'withLock'
  >
  sessions: Pick<Sessions, 'list' | 'end' | 'endAll'>
  endSignIns: EndSignIns
  audit: AuditAsCaller
}

export function adminRoutes(parts: AdminParts): ApiRoute[] {
  const withUsers = { ...parts, endAll: (userId: string) => parts.sessions.endAll(userId) }
  return [
    ...userRoutes(withUsers),
    ...userActionRoutes(withUsers),
    ...clientRoutes(parts),
    ...clientSecretRoutes(parts),
    ...resourceRoutes(parts),
    ...roleRoutes(parts),
    ...adminApiKeyRoutes(parts),
    ...sessionRoutes(parts),
    ...auditRoutes(parts),
    ...keyRoutes(parts),
    ...mailRoutes(parts),
    ...statsRoutes(parts),
    ...providerRoutes(parts),
    ...settingsRoutes(parts),
  ].map(withRefusals)
}
