import { z } from 'zod'
import { route, text, type ApiRoute, type RequestFacts } from '#http/api.ts'
import { AppError, unauthenticated } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import { isActive } from '#storage/active.ts'
import type { User } from '#storage/users.ts'
import { passkeyOptionsSchema } from '#wire/factors.ts'
import type { Admit } from './admit.ts'
import { finishSignIn, signInSchema, type SignInFacts } from './finish-sign-in.ts'
import type { AuthRouteParts } from './routes.ts'

/**
 * `/auth/mfa` and `/auth/passkey…`: the second factor of a JSON sign-in, and a passkey as its only one. For anyone, and
 * counted against the caller's address; codes are counted against the person too. Both are written to the audit log.
 */
export interface SecondStepRouteParts extends AuthRouteParts {
  admit: Admit
  mfaTokens: {
    find(token: string): Promise<(SignInFacts & { userId: string; epoch: number }) | undefined>
    spend(token: string): Promise<boolean>
  }
  secondFactor: {
    verify(
      userId: string,
      answer: { method: Method; code?: string | undefined; response?: unknown; purpose: string },
    ): Promise<{ accepted: true; amr: string[] } | { accepted: false; reason: 'wrong' | 'wait' }>
  }
  passkeys: {
    requestOptions(purpose: string, userId?: string): Promise<object>
    verify(given: {
      response: unknown
      purpose: string
    }): Promise<{ userId: string; epoch: number; amr: string[] } | undefined>
  }
}

const methods = ['totp', 'recovery', 'passkey'] as const
type Method = (typeof methods)[number]

const token = text(128).min(1)
const response = z.looseObject({ id: text(2048) })
const target = { client_id: text(128).optional(), resource: text(512).optional() }

const second = z.object({
  mfa_token: token,
  method: z.enum(methods),
  code: text(64).optional().describe('From the app, or a recovery code.'),
  response: response.optional().describe('The result of navigator.credentials.get, as JSON.'),
})
const first = z.object({ response, ...target })

/** An application brings the challenge back itself; there is no browser of ours to bind it to. */
const alone = 'sign-in:json'
const purposeOf = (mfaToken: string): string => `mfa:${sha256(mfaToken)}`

export function secondStepRoutes(parts: SecondStepRouteParts): ApiRoute[] {
  const common = { tag: 'auth', access: 'anyone', isLimited: true, method: 'post' } as const
  const answer = { status: 200, description: 'As after /auth/login.', schema: signInSchema }
  return [
    route({
      ...common,
      path: '/auth/mfa',
      summary: 'Complete a sign-in that /auth/login answered with mfa_required.',
      body: second,
      answer,
      problems: ['invalid_token', [401, 'invalid_code'], 'factor_waits'],
      handle: ({ body, request }) => finishMfa(parts, body, request),
    }),
    route({
      ...common,
      path: '/auth/passkey/options',
      summary:
        'Get options for navigator.credentials.get: to sign in, or with an mfa_token as the second factor.',
      body: z.object({ mfa_token: token.optional() }),
      answer: {
        status: 200,
        description: 'PublicKeyCredentialRequestOptionsJSON (WebAuthn level 3).',
        schema: passkeyOptionsSchema,
      },
      problems: ['invalid_token'],
      async handle({ body: { mfa_token: mfaToken } }) {
        if (mfaToken === undefined) return parts.passkeys.requestOptions(alone)
        const { userId } = await pendingOf(parts, mfaToken)
        return parts.passkeys.requestOptions(purposeOf(mfaToken), userId)
      },
    }),
    route({
      ...common,
      path: '/auth/passkey',
      summary: 'Sign in with a passkey. It must have verified the user.',
      body: first,
      answer,
      problems: [[401, 'invalid_passkey'], 'email_not_verified'],
      handle: ({ body, request }) => signInWithPasskey(parts, body, request),
    }),
  ]
}

async function pendingOf({ mfaTokens }: SecondStepRouteParts, mfaToken: string) {
  const pending = await mfaTokens.find(mfaToken)
  if (!pending) throw new AppError('invalid_token')
  return pending
}

async function finishMfa(
  parts: SecondStepRouteParts,
  { mfa_token: mfaToken, method, code, response }: z.infer<typeof second>,
  request: RequestFacts,
) {
  const { userId, epoch, ...signIn } = await pendingOf(parts, mfaToken)
  const about = { actor: userId, target: `user:${userId}`, details: { method } }
  const purpose = purposeOf(mfaToken)
  const verdict = await parts.secondFactor.verify(userId, { method, code, response, purpose })
  if (!verdict.accepted) {
    parts.audit({ type: 'second_factor.failed', ...about }, request)
    throw verdict.reason === 'wait' ? new AppError('factor_waits') : unauthenticated('invalid_code')
  }
  if (!(await parts.mfaTokens.spend(mfaToken))) throw new AppError('invalid_token')
  const user = { ...(await stillThere(parts, userId)), signInEpoch: epoch }
  parts.audit({ type: 'second_factor.succeeded', ...about }, request)
  const amr = [...new Set([...signIn.amr, ...verdict.amr, 'mfa'])]
  return finishSignIn(parts, { ...signIn, user, amr }, request)
}

async function signInWithPasskey(
  parts: SecondStepRouteParts,
  { response, client_id: clientId, resource }: z.infer<typeof first>,
  request: RequestFacts,
) {
  const proof = await parts.passkeys.verify({ response, purpose: alone })
  const user = proof && (await parts.admit(proof))
  if (!user) {
    parts.audit({ type: 'login.failed', details: { method: 'passkey' } }, request)
    throw unauthenticated('invalid_passkey')
  }
  if (parts.onboarding.needsVerification(user)) throw new AppError('email_not_verified')
  const { amr } = proof
  await parts.secondStep(user, { clientId, resource, amr })
  return finishSignIn(parts, { user, clientId, resource, amr }, request)
}

/** Between the password and the code someone may have been banned. */
async function stillThere({ users }: SecondStepRouteParts, userId: string): Promise<User> {
  const user = await users.findById(userId)
  if (!isActive(user)) throw new AppError('invalid_token')
  return user
}
