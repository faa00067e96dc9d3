import { z } from 'zod'
import { route, text, type ApiRoute, type Identify } from '#http/api.ts'
import type { Audit } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { messageSchema } from '#wire/account.ts'
import type { Recovery } from './recovery.ts'

/**
 * `/auth/…` for those who cannot sign in, or whose address is not confirmed. Anyone may call these; each counts against
 * the limits of the caller's address, mails are limited for each recipient and each sender, and all are written to the audit log.
 */
export interface RecoveryRouteParts {
  recovery: Recovery
  /** Whose credential this is. */
  identify: Identify
  audit: Audit
}

const password = text(1024).min(1)
const email = text(254)

export function recoveryRoutes({ recovery, identify, audit }: RecoveryRouteParts): ApiRoute[] {
  const common = { tag: 'auth', access: 'anyone', isLimited: true } as const
  return [
    route({
      ...common,
      method: 'post',
      path: '/auth/forgot-password',
      summary: 'Send a link to set a new password, if an account has this e-mail.',
      body: z.object({ email }),
      answer: {
        status: 202,
        description: 'Always, whether there is an account or not.',
        schema: messageSchema,
      },
      async handle({ body, request }) {
        await recovery.forgotPassword(body.email, request)
        audit({ type: 'password.reset_requested' }, request)
        return { message: 'if the address is known, a link is on its way' }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/reset-password',
      summary: 'Set a new password with the token from the link. Ends every sign-in of the user.',
      body: z.object({ token: text(128).min(1), password }),
      answer: { status: 200, description: 'No content.', schema: messageSchema },
      problems: ['invalid_token'],
      async handle({ body, request }) {
        const outcome = await recovery.resetPassword(body.token, body.password)
        if ('problem' in outcome) throw invalid('body.password', outcome.problem)
        audit(
          { type: 'password.reset', actor: outcome.user.id, target: `user:${outcome.user.id}` },
          request,
        )
        return { message: 'the password is changed' }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/request-verify',
      summary:
        'Send a link and a code to confirm an address, if an account has it and it is not confirmed. Invalidates earlier ones.',
      body: z.object({ email }),
      answer: {
        status: 202,
        description: 'Always, whether there is an account or not.',
        schema: messageSchema,
      },
      async handle({ body, request }) {
        await recovery.requestVerification(body, request)
        return { message: 'if the address is known, a mail is on its way' }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/verify-email',
      summary:
        'Confirm an address with the token from the link, or with the address and the code. Without a token of the account, every sign-in, API key, linked account and second factor is removed, since someone else may have created the account.',
      body: z.union([
        z.strictObject({ token: text(128).min(1) }),
        z.strictObject({ email, code: text(32).min(1) }),
      ]),
      answer: { status: 200, description: 'No content.', schema: messageSchema },
      problems: ['invalid_token', 'invalid_code'],
      async handle({ body, caller, credential, request }) {
        const by = credential === undefined ? caller : await identify(credential, request)
        const user = await recovery.verifyEmail(body, by?.userId === undefined ? [] : [by.userId])
        audit({ type: 'email.verified', actor: user.id, target: `user:${user.id}` }, request)
        return { message: 'the address is confirmed' }
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/disown-email',
      summary:
        'Report that someone else created an account with an address, with the token from the link that would confirm it. Removes the address from the account and ends its sign-ins.',
      body: z.strictObject({ token: text(128).min(1) }),
      answer: { status: 200, description: 'No content.', schema: messageSchema },
      problems: ['invalid_token'],
      async handle({ body, request }) {
        const user = await recovery.disownEmail(body.token)
        audit({ type: 'email.disowned', target: `user:${user.id}` }, request)
        return { message: 'the address is no longer part of the account' }
      },
    }),
  ]
}

const invalid = (path: string, message: string): AppError =>
  new AppError('validation_failed', { problems: [{ path, message }] })
