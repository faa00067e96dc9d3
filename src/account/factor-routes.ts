import { z } from 'zod'
import type { Factors, OwnFactor } from '#factors/factors.ts'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { User, UserStore } from '#storage/users.ts'
import { factorsSchema, recoveryCodesSchema, type WireFactor } from '#wire/factors.ts'
import { iso } from '#wire/pages.ts'
import { personOf, read, write } from './owner.ts'
import { currentPassword, expectProof, proofProblems, type ProofParts } from './proof.ts'

/**
 * `/users/me/factors…`: what people do with their own second factors. For anyone who brings a token of the person; what adds
 * or removes a factor also wants proof that they are the owner. Every change is written to the audit log, and a mail tells
 * the owner.
 */
export interface FactorRouteParts extends ProofParts {
  users: Pick<UserStore, 'findById'>
  factors: Factors
  audit: AuditAsCaller
}

const tag = 'users'
const id = z.object({ id: text(128) })
const name = text(64)
export const proof = z.object({ current_password: currentPassword })
type Proof = z.infer<typeof proof>

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
    summary: 'List my second factors.',
    answer: {
      status: 200,
      description: 'Oldest first, with the number of recovery codes left.',
      schema: factorsSchema,
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
    summary: 'Create ten recovery codes. They replace the old ones.',
    body: proof,
    answer: {
      status: 201,
      description: 'Shown only once.',
      schema: recoveryCodesSchema,
    },
    problems: [...proofProblems, 'no_factor'],
    async handle(call) {
      const user = await provenOwner(parts, call)
      const codes = await parts.factors.makeRecoveryCodes(user)
      if (!codes) throw new AppError('no_factor')
      parts.audit({ type: 'recovery_codes.made', target: `user:${user.id}` }, call)
      return { recovery_codes: codes }
    },
  })

function changeRoutes(parts: FactorRouteParts): ApiRoute[] {
  const one = { tag, path: '/users/me/factors/:id', access: write, params: id } as const
  const done = { status: 204, description: 'No content.' }
  return [
    route({
      ...one,
      method: 'patch',
      summary: 'Rename a second factor.',
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
        'Remove a second factor. Removing the last one also removes the recovery codes and forgets every remembered browser.',
      body: proof,
      answer: done,
      problems: proofProblems,
      async handle(call) {
        const user = await provenOwner(parts, call)
        const removed = await parts.factors.remove(user, call.params.id)
        if (!removed) throw gone()
        const details = { kind: removed.kind }
        parts.audit({ type: 'factor.removed', target: `factor:${removed.id}`, details }, call)
      },
    }),
  ]
}

/** Who has also shown again that they are the owner. */
export async function provenOwner(
  parts: FactorRouteParts,
  { caller, body, request }: Pick<ApiCall<Proof, unknown, unknown>, 'caller' | 'body' | 'request'>,
): Promise<User> {
  const user = await personOf(parts.users, caller)
  await expectProof(parts, user, {
    password: body.current_password,
    caller,
    address: request.address,
  })
  return user
}

const gone = (): AppError => new AppError('not_found')

export const present = (factor: OwnFactor): WireFactor => ({
  id: factor.id,
  kind: factor.kind,
  name: factor.name,
  backed_up: factor.backedUp,
  created_at: iso(factor.createdAt),
  last_used_at: factor.lastUsedAt === undefined ? null : iso(factor.lastUsedAt),
})
