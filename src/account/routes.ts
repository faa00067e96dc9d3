import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { Sessions } from '#oidc/sessions.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { User, UserStore } from '#storage/users.ts'
import { presentUser, userSchema } from '#wire/users.ts'
import { changeOfNames, profileFields, profileNames, usernameField } from '#users/profile-fields.ts'
import { presentIdentity } from '#wire/identities.ts'
import { dataRoutes, type DataRouteParts } from './data-routes.ts'
import { enrolmentRoutes } from './enrolment-routes.ts'
import { emailRoutes, type EmailRouteParts } from './email-routes.ts'
import { factorRoutes, type FactorRouteParts } from './factor-routes.ts'
import { identityRoutes, type IdentityRouteParts } from './identity-routes.ts'
import { ownerOf, read, write } from './owner.ts'
import { passwordRoutes, type PasswordRouteParts } from './password-routes.ts'
import {
  rememberedDeviceRoutes,
  type RememberedDeviceRouteParts,
} from './remembered-device-routes.ts'
import { sessionRoutes, type SessionRouteParts } from './session-routes.ts'

/**
 * `/users/me…`: what a signed-in person does with their own account. For anyone who brings a token of the person for our API
 * or one of their API keys; changes need the scope `account:write`. Every change is written to the audit log.
 */
export interface AccountRouteParts
  extends
    SessionRouteParts,
    PasswordRouteParts,
    EmailRouteParts,
    FactorRouteParts,
    RememberedDeviceRouteParts,
    DataRouteParts,
    IdentityRouteParts {
  users: Pick<UserStore, 'findById' | 'findPasswordHash' | 'update'>
  sessions: Sessions
  identities: IdentityRouteParts['identities']
  factors: FactorRouteParts['factors']
  rememberedDevices: RememberedDeviceRouteParts['rememberedDevices']
}

/** What people may change about themselves; anything else in the body is refused, so that no one believes it was taken. */
const profile = z.strictObject({
  ...profileFields,
  username: usernameField.optional(),
  metadata: z.strictObject({ public: z.record(text(64), z.json()) }).optional(),
})

export function accountRoutes(parts: AccountRouteParts): ApiRoute[] {
  const tag = 'users'
  const meAnswer = { status: 200, description: 'The user.', schema: userSchema }
  const update = (call: ApiCall<z.infer<typeof profile>, undefined, undefined>) =>
    updateProfile(parts, call)
  return [
    route({
      tag,
      method: 'get',
      path: '/users/me',
      access: read,
      summary: 'Get my user.',
      answer: meAnswer,
      handle: async ({ caller }) => presentMe(parts, await ownerOf(parts.users, caller)),
    }),
    route({
      tag,
      method: 'patch',
      path: '/users/me',
      access: write,
      summary: 'Update my profile. Omitted fields stay; metadata is merged (RFC 7396).',
      body: profile,
      answer: meAnswer,
      problems: ['username_taken'],
      handle: update,
    }),
    route({
      tag,
      method: 'put',
      path: '/users/me',
      access: write,
      summary: 'Same as PATCH, for compatibility.',
      body: profile,
      answer: meAnswer,
      problems: ['username_taken'],
      handle: update,
    }),
    ...passwordRoutes(parts),
    ...emailRoutes(parts),
    ...factorRoutes(parts),
    ...enrolmentRoutes(parts),
    ...rememberedDeviceRoutes(parts),
    ...dataRoutes(parts),
    ...sessionRoutes(parts),
    ...identityRoutes(parts),
  ]
}

const presentMe = async ({ identities }: AccountRouteParts, user: User) =>
  presentUser(user, (await identities.listByUser(user.id)).map(presentIdentity))

async function updateProfile(
  parts: AccountRouteParts,
  { body, caller, request }: ApiCall<z.infer<typeof profile>, undefined, undefined>,
) {
  const user = await ownerOf(parts.users, caller)
  const { metadata } = body
  const change = {
    ...changeOfNames(body, profileNames),
    ...(metadata && { metadataPatch: metadata }),
  }
  try {
    const changed = await parts.users.update(user.id, change)
    if (!changed) throw new AppError('forbidden')
    parts.audit(
      { type: 'user.updated', target: `user:${user.id}`, details: { fields: Object.keys(body) } },
      { caller, request },
    )
    return await presentMe(parts, changed)
  } catch (error) {
    throw error instanceof AlreadyExists ? new AppError('username_taken') : error
  }
}
