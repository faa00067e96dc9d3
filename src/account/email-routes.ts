import { z } from 'zod'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import type { UserStore } from '#storage/users.ts'
import type { ChangeEmail } from '#users/change-email.ts'
import { isEmail } from '#users/name-rules.ts'
import { emailStateSchema, messageSchema } from '#wire/account.ts'
import { presentUser, userSchema } from '#wire/users.ts'
import { ownerOf, read, write } from './owner.ts'
import { currentPassword, expectProof, proofProblems, type ProofParts } from './proof.ts'

/**
 * `/users/me/email…`: another e-mail, which counts once its code was typed. Needs the password or a sign-in of the last ten
 * minutes; limited for each address, and the mails for each recipient. An address that someone has is answered like any other.
 */
export interface EmailRouteParts extends ProofParts {
  users: Pick<UserStore, 'findById'>
  changeEmail: ChangeEmail
  audit: AuditAsCaller
}

const wanted = z.object({
  email: text(254)
    .transform((value) => value.trim())
    .refine(isEmail, { error: 'email_invalid' }),
  password: currentPassword,
})

export function emailRoutes(parts: EmailRouteParts): ApiRoute[] {
  const { users, changeEmail, audit } = parts
  const common = { tag: 'users', isLimited: true, access: write } as const
  return [
    route({
      tag: 'users',
      method: 'get',
      path: '/users/me/email',
      access: read,
      summary: 'Get my e-mail address and the pending one.',
      answer: { status: 200, description: 'Both addresses.', schema: emailStateSchema },
      async handle({ caller }) {
        const user = await ownerOf(users, caller)
        const pending = await changeEmail.pending(user)
        const { email = null, emailVerified } = user
        return { email, email_verified: emailVerified, pending_email: pending ?? null }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/users/me/email',
      summary:
        'Change my e-mail address: sends a code to the new address and a notice to the old one.',
      body: wanted,
      answer: {
        status: 202,
        description: 'Always, whether the address is taken or not.',
        schema: messageSchema,
      },
      problems: proofProblems,
      async handle({ body, caller, request }) {
        const user = await ownerOf(users, caller)
        const { email, password } = body
        await expectProof(parts, user, { password, caller, address: request.address })
        await changeEmail.ask(user, email, request)
        audit({ type: 'email.change_requested', target: `user:${user.id}` }, { caller, request })
        return { message: 'a code is on its way to the new address' }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/users/me/email/confirm',
      summary: 'Confirm the new e-mail address with the code from the mail.',
      body: z.object({ code: text(32).min(1) }),
      answer: { status: 200, description: 'The user.', schema: userSchema },
      problems: ['invalid_code', 'email_taken'],
      async handle({ body, caller, request }) {
        const user = await ownerOf(users, caller)
        const changed = await changeEmail.confirm(user, body.code)
        const details = { before: user.email, after: changed.email }
        audit({ type: 'email.changed', target: `user:${user.id}`, details }, { caller, request })
        return presentUser(changed)
      },
    }),
  ]
}
