import { z } from 'zod'
import { linkIdentity } from '#federation/sign-in.ts'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { LastSignInMethod } from '#storage/errors.ts'
import type { IdentityStore, SeenIdentity } from '#storage/identities.ts'
import type { UserStore } from '#storage/users.ts'
import { identitySchema, identitiesSchema, presentIdentity } from '#wire/identities.ts'
import { personOf, read, write } from './owner.ts'
import { currentPassword, expectProof, proofProblems, type ProofParts } from './proof.ts'

/**
 * `/users/me/identities`: the accounts elsewhere that a person can sign in with. For anyone who brings a token of the person;
 * changes need `account:write` and are written to the audit log. Those with a page of their own are added in the browser,
 * at `/account/identities`; that of a trusted issuer is added here by its token, with proof that the account is theirs:
 * limited for each address, and wrong passwords as at the sign-in.
 */
export interface IdentityRouteParts extends ProofParts {
  users: Pick<UserStore, 'findById'>
  identities: Pick<IdentityStore, 'link' | 'listByUser' | 'unlink'>
  /** Whose token of a trusted issuer it is. */
  identifyForeign(token: string): Promise<SeenIdentity | { refused: string }>
  audit: AuditAsCaller
}

const linkBody = z.object({
  subject_token: text(16_384).describe('A JWT of a trusted issuer, as for token exchange.'),
  current_password: currentPassword,
})

export function identityRoutes(parts: IdentityRouteParts): ApiRoute[] {
  const { identities, audit } = parts
  return [
    route({
      tag: 'users',
      method: 'post',
      path: '/users/me/identities',
      access: write,
      isLimited: true,
      summary: 'Link an account of a trusted issuer.',
      body: linkBody,
      answer: { status: 201, description: 'The linked account.', schema: identitySchema },
      problems: [...proofProblems, 'identity_taken'],
      handle: (call) => linkByToken(parts, call),
    }),
    route({
      tag: 'users',
      method: 'get',
      path: '/users/me/identities',
      access: read,
      summary: 'List my linked accounts.',
      answer: {
        status: 200,
        description: 'Oldest first.',
        schema: identitiesSchema,
      },
      handle: async ({ caller }) => ({
        identities: (await identities.listByUser(caller.userId!)).map(presentIdentity),
      }),
    }),
    route({
      tag: 'users',
      method: 'delete',
      path: '/users/me/identities/:id',
      access: write,
      summary: 'Unlink an account.',
      params: z.object({ id: text(64) }),
      answer: { status: 204, description: 'No content.' },
      problems: ['last_sign_in_method'],
      async handle(call) {
        const userId = call.caller.userId!
        const { id } = call.params
        const taken = (await identities.listByUser(userId)).find((one) => one.id === id)
        if (!taken || !(await unlink(identities, userId, id))) throw new AppError('not_found')
        const details = { provider: taken.provider }
        audit({ type: 'identity.unlinked', target: `user:${userId}`, details }, call)
      },
    }),
  ]
}

async function linkByToken(
  parts: IdentityRouteParts,
  call: ApiCall<z.infer<typeof linkBody>, undefined, undefined>,
) {
  const { caller, body, request } = call
  const user = await personOf(parts.users, caller)
  const password = body.current_password
  await expectProof(parts, user, { password, caller, address: request.address })
  const seen = await parts.identifyForeign(body.subject_token)
  if ('refused' in seen) {
    const problems = [{ path: 'body.subject_token', message: seen.refused }]
    throw new AppError('validation_failed', { problems })
  }
  const identity = await linkIdentity(parts.identities, user, seen)
  const details = { provider: seen.provider }
  parts.audit({ type: 'identity.linked', target: `user:${user.id}`, details }, call)
  return presentIdentity(identity)
}

/** Resolves to whether the user had it; 409 when it is their last way in. */
async function unlink(
  identities: Pick<IdentityStore, 'unlink'>,
  userId: string,
  id: string,
): Promise<boolean> {
  try {
    return await identities.unlink(userId, id)
  } catch (cause) {
    if (cause instanceof LastSignInMethod) throw new AppError('last_sign_in_method', { cause })
    throw cause
  }
}
