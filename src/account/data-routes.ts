import { z } from 'zod'
import type { Factors } from '#factors/factors.ts'
import type { RememberedDevices } from '#factors/remembered-devices.ts'
import { route, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { presentSession } from '#oidc/presented-sessions.ts'
import type { Sessions } from '#oidc/sessions.ts'
import type { ApiKeyStore } from '#storage/api-keys.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { IdentityStore } from '#storage/identities.ts'
import type { ResourceStore } from '#storage/resources.ts'
import type { User, UserStore } from '#storage/users.ts'
import { erasingSchema, exportSchema } from '#wire/account.ts'
import { presentApiKey } from '#wire/api-keys.ts'
import { presentIdentity } from '#wire/identities.ts'
import { presentUser } from '#wire/users.ts'
import { present as presentFactor } from './factor-routes.ts'
import { presentGrant } from './grants.ts'
import { ownerOf, personOf, read, write } from './owner.ts'
import { currentPassword, expectProof, proofProblems, type ProofParts } from './proof.ts'
import { presentDevice } from './remembered-device-routes.ts'

/** `GET /users/me/export`, `DELETE /users/me`: what is kept about a person is theirs to take along, and to have erased. */
export interface DataRouteParts extends ProofParts {
  resources: Pick<ResourceStore, 'find'>
  users: Pick<UserStore, 'findById' | 'update'>
  sessions: Pick<Sessions, 'list' | 'listGrants' | 'endAll'>
  apiKeyStore: Pick<ApiKeyStore, 'listByUser'>
  identities: Pick<IdentityStore, 'listByUser'>
  factors: Pick<Factors, 'list'>
  rememberedDevices: Pick<RememberedDevices, 'list'>
  /** How long an account that is to be erased can still be saved by signing in, in milliseconds. */
  eraseAfterMs: number
  /** Tells the owner until when that is. */
  tellErasing(user: User, eraseAt: number): Promise<void>
  audit: AuditAsCaller
}

export function dataRoutes(parts: DataRouteParts): ApiRoute[] {
  const tag = 'users'
  return [
    route({
      tag,
      method: 'delete',
      path: '/users/me',
      access: write,
      summary:
        'Delete my account after a grace period. Every sign-in and API key ends now; signing in again keeps the account.',
      body: z.object({ current_password: currentPassword }),
      answer: {
        status: 202,
        description: 'When it will be deleted.',
        schema: erasingSchema,
      },
      problems: [...proofProblems, 'last_administrator'],
      handle: (call) => eraseLater(parts, call),
    }),
    route({
      tag,
      method: 'get',
      path: '/users/me/export',
      access: read,
      summary: 'Export everything stored about me.',
      answer: {
        status: 200,
        description:
          'The user, linked accounts, sign-ins, connected apps, API keys, second factors and remembered browsers.',
        schema: exportSchema,
      },
      async handle({ caller, request }) {
        const user = await ownerOf(parts.users, caller)
        const [identities, sessions, grants, keys, factors, devices] = await Promise.all([
          parts.identities.listByUser(user.id),
          parts.sessions.list(user.id),
          parts.sessions.listGrants(user.id),
          parts.apiKeyStore.listByUser(user.id),
          parts.factors.list(user.id),
          parts.rememberedDevices.list(user.id),
        ])
        return {
          user: presentUser(user, identities.map(presentIdentity)),
          sessions: sessions.map((one) => presentSession(one, caller)),
          grants: await Promise.all(
            grants.map((one) => presentGrant(one, request.locale, parts.resources)),
          ),
          api_keys: keys.map(presentApiKey),
          factors: factors.map(presentFactor),
          remembered_devices: devices.map(presentDevice),
        }
      },
    }),
  ]
}

async function eraseLater(
  parts: DataRouteParts,
  {
    body,
    caller,
    request,
  }: ApiCall<{ current_password?: string | undefined }, undefined, undefined>,
) {
  const user = await personOf(parts.users, caller)
  const { address } = request
  await expectProof(parts, user, { password: body.current_password, caller, address })
  const eraseAt = parts.now() + parts.eraseAfterMs
  await parts.users.update(user.id, { eraseAt }).catch((error: unknown) => {
    throw error instanceof LastAdministrator ? new AppError('last_administrator') : error
  })
  await parts.sessions.endAll(user.id, { apiKeys: true })
  await parts.tellErasing(user, eraseAt)
  parts.audit({ type: 'user.erase_requested', target: `user:${user.id}` }, { caller, request })
  return { erase_at: new Date(eraseAt).toISOString() }
}
