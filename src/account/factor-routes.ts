import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute, type Caller } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { Factors, OwnFactor } from '#factors/factors.ts'

/**
 * `/users/me/factors…`: what people do with their own second factors. For whoever
 * brings a token of the person; what adds or removes a factor also wants the password, or a sign-in of the last ten
 * minutes. Every change is written to the audit log, and a mail tells the owner.
 */
export interface FactorRouteParts {
  users: Pick<UserStore, 'findById'>
  factors: Factors
  /** Resolves when the caller has shown again that they are the owner; rejects otherwise. */
  confirmOwner(caller: Caller, user: User, password: string | undefined): Promise<void>
  audit(
    event: { type: string; target?: string; details?: Record<string, unknown> },
    call: Pick<ApiCall<unknown, unknown, unknown>, 'caller' | 'request'>,
  ): void
}

const read = { scope: 'account:read' }
export const write = { scope: 'account:write' }
const tag = 'users'
const id = z.object({ id: text(128) })
const name = text(64)
export const owner = z.object({
  current_password: text(1024).optional().describe('Not needed within ten minutes of /auth/login.'),
})

export const factorSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['totp', 'passkey']),
    name: z.string(),
    backed_up: z.boolean().describe('A passkey that is kept in more than one place.'),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Factor' })

export const ownerProblems = {
  401: 'invalid_credentials: the current password is not right',
  403: 'reauthentication_required: bring the current password',
  429: 'factor_waits: five wrong passwords',
}

export const factorRoutes = (parts: FactorRouteParts): ApiRoute[] => [
  listRoute(parts),
  recoveryCodesRoute(parts),
  ...changeRoutes(parts),
]

const listRoute = ({ factors }: FactorRouteParts): ApiRoute =>
  route({
    tag,
    method: 'get',
    path: '/users/me/factors',
    access: read,
    summary: 'My second factors.',
    answer: {
      status: 200,
      description: 'Oldest first, and how many recovery codes are left.',
      schema: z.object({ factors: z.array(factorSchema), recovery_codes_left: z.int() }),
    },
    async handle({ caller }) {
      const [all, left] = await Promise.all([
        factors.list(caller.userId ?? ''),
        factors.countRecoveryCodes(caller.userId ?? ''),
      ])
      return { factors: all.map(present), recovery_codes_left: left }
    },
  })

const recoveryCodesRoute = (parts: FactorRouteParts): ApiRoute =>
  route({
    tag,
    method: 'post',
    path: '/users/me/factors/recovery-codes',
    access: write,
    isLimited: true,
    summary: 'Ten new recovery codes, in the place of the old ones.',
    body: owner,
    answer: {
      status: 201,
      description: 'Shown this once.',
      schema: z.object({ recovery_codes: z.array(z.string()) }),
    },
    problems: { ...ownerProblems, 409: 'no_factor: there is nothing that they would stand in for' },
    async handle(call) {
      const user = await ownerOf(parts, call.caller, call.body.current_password)
      const codes = await parts.factors.makeRecoveryCodes(user)
      if (!codes) throw new AppError('no_factor', 409)
      parts.audit({ type: 'recovery_codes.made', target: `user:${user.id}` }, call)
      return { recovery_codes: codes }
    },
  })

function changeRoutes(parts: FactorRouteParts): ApiRoute[] {
  const one = { tag, path: '/users/me/factors/:id', access: write, params: id } as const
  const done = { status: 204, description: 'Done.' }
  return [
    route({
      ...one,
      method: 'patch',
      summary: 'Give it another name.',
      body: z.object({ name }),
      answer: done,
      async handle(call) {
        const { caller, params, body } = call
        if (!(await parts.factors.rename(caller.userId ?? '', params.id, body.name))) throw gone()
        parts.audit({ type: 'factor.renamed', target: `factor:${params.id}` }, call)
      },
    }),
    route({
      ...one,
      method: 'delete',
      isLimited: true,
      summary:
        'Remove it. Recovery codes go with the last one, and no device is remembered any more.',
      body: owner,
      answer: done,
      problems: ownerProblems,
      async handle(call) {
        const user = await ownerOf(parts, call.caller, call.body.current_password)
        const removed = await parts.factors.remove(user, call.params.id)
        if (!removed) throw gone()
        const details = { kind: removed.kind }
        parts.audit({ type: 'factor.removed', target: `factor:${removed.id}`, details }, call)
      },
    }),
  ]
}

export async function userOf({ users }: FactorRouteParts, { userId, via }: Caller): Promise<User> {
  // An API key is for programs; none of them sets up how its owner signs in.
  const isPerson = via === 'token' || via === 'session'
  const user = userId === undefined || !isPerson ? undefined : await users.findById(userId)
  if (!user) throw new AppError('forbidden', 403)
  return user
}

export async function ownerOf(
  parts: FactorRouteParts,
  caller: Caller,
  password: string | undefined,
): Promise<User> {
  const user = await userOf(parts, caller)
  await parts.confirmOwner(caller, user, password)
  return user
}

const gone = (): AppError => new AppError('not_found', 404)
const iso = (time: number): string => new Date(time).toISOString()

export const present = (factor: OwnFactor): z.infer<typeof factorSchema> => ({
  id: factor.id,
  kind: factor.kind,
  name: factor.name,
  backed_up: factor.backedUp,
  created_at: iso(factor.createdAt),
  last_used_at: factor.lastUsedAt === undefined ? null : iso(factor.lastUsedAt),
})
