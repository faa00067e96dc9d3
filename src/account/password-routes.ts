import { z } from 'zod'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { Sessions } from '#oidc/sessions.ts'
import type { UserStore } from '#storage/users.ts'
import type { ChangePassword } from '#users/change-password.ts'
import { passwordStateSchema, messageSchema } from '#wire/account.ts'
import { ownerOf, read, write } from './owner.ts'
import {
  currentPassword,
  expectProof,
  proofProblems,
  wrongPassword,
  type ProofParts,
} from './proof.ts'

/**
 * `/users/me/password`: the person's own. Anyone who has one says it to change it; anyone who signs in without one sets one after a
 * fresh sign-in. Limited for each address; a change ends every other sign-in and is told by mail.
 */
export interface PasswordRouteParts extends ProofParts {
  users: Pick<UserStore, 'findById' | 'findPasswordHash'>
  changePassword: ChangePassword
  sessions: Pick<Sessions, 'endOthers'>
  audit: AuditAsCaller
}

const passwords = z.object({ current_password: currentPassword, new_password: text(1024) })

export function passwordRoutes(parts: PasswordRouteParts): ApiRoute[] {
  const common = { tag: 'users', path: '/users/me/password' } as const
  return [
    route({
      ...common,
      method: 'get',
      access: read,
      summary: 'Check whether I have a password.',
      answer: { status: 200, description: 'The answer.', schema: passwordStateSchema },
      async handle({ caller }) {
        const { id } = await ownerOf(parts.users, caller)
        return { is_set: (await parts.users.findPasswordHash(id)) !== undefined }
      },
    }),
    route({
      ...common,
      method: 'post',
      access: write,
      isLimited: true,
      summary:
        'Change my password and end every other sign-in. Without a current password, set one after a recent sign-in.',
      body: passwords,
      answer: { status: 200, description: 'No content.', schema: messageSchema },
      problems: proofProblems,
      handle: (call) => changeOwnPassword(parts, call),
    }),
  ]
}

async function changeOwnPassword(
  parts: PasswordRouteParts,
  { body, caller, request }: ApiCall<z.infer<typeof passwords>, undefined, undefined>,
) {
  const user = await ownerOf(parts.users, caller)
  const { current_password: password, new_password: replacement } = body
  const present = await parts.users.findPasswordHash(user.id)
  // A fresh sign-in does in place of a password only for anyone who has none.
  if (password === undefined && present !== undefined) throw wrongPassword()
  await expectProof(parts, user, { password, caller, address: request.address })
  const outcome = await parts.changePassword(user, {
    present,
    replacement,
    endOthers: async (set) => parts.sessions.endOthers(user.id, caller, set),
  })
  if (outcome === 'changed meanwhile') throw wrongPassword()
  if (outcome !== 'changed') {
    throw new AppError('validation_failed', {
      problems: [{ path: 'body.new_password', message: outcome }],
    })
  }
  parts.audit({ type: 'password.changed', target: `user:${user.id}` }, { caller, request })
  return { message: 'the password is changed' }
}
