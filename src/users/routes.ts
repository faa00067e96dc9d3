import { z } from 'zod'
import { route, text, type ApiRoute, type RequestFacts } from '#http/api.ts'
import type { Audit } from '#http/audit.ts'
import { AppError, unauthenticated } from '#lib/app-error.ts'
import type { User } from '#storage/users.ts'
import { messageSchema } from '#wire/account.ts'
import type { Authenticate } from './authenticate.ts'
import type { CompleteSignIn } from './complete-sign-in.ts'
import {
  finishSignIn,
  signInSchema,
  tokensSchema,
  type SignInFacts,
  type TokenFunctions,
} from './finish-sign-in.ts'
import type { Onboarding } from './onboarding.ts'
import type { Register } from './register.ts'

/**
 * `/auth/…`: register, sign in, refresh, sign out, forgotten password, confirmed address, for the operator's own
 * applications. Anyone may call these; each counts against the limits of the caller's address, a password is counted
 * against its account too, and all of them are written to the audit log.
 */
export interface AuthRouteParts {
  authenticate: Authenticate
  register: Register
  registrationOpen: boolean
  users: {
    findById(id: string): Promise<User | undefined>
    findByIdentifier(identifier: string): Promise<User | undefined>
  }
  onboarding: Onboarding
  tokens: TokenFunctions
  /** Rejects with `mfa_required` when the first factor is not enough. */
  secondStep(user: User, signIn: SignInFacts): Promise<void>
  completeSignIn: CompleteSignIn
  audit: Audit
}

const password = text(1024).min(1)
const email = text(254)

const credentials = z
  .object({
    email: email.optional(),
    username: email.optional(),
    identifier: email.optional(),
    password,
    client_id: text(128).optional(),
    resource: text(512).optional(),
  })
  .refine(
    ({ email, username, identifier }) => [email, username, identifier].filter(Boolean).length === 1,
    {
      error: 'exactly one of email, username and identifier must be given',
      path: ['identifier'],
    },
  )

export function authRoutes(parts: AuthRouteParts): ApiRoute[] {
  const { audit } = parts
  const common = { tag: 'auth', access: 'anyone', isLimited: true } as const
  return [
    route({
      ...common,
      method: 'post',
      path: '/auth/register',
      summary:
        'Create an account. The answer is the same for a taken e-mail; its owner gets a mail.',
      body: z.object({
        email,
        password,
        username: text(64).optional(),
        nickname: text(128).optional(),
      }),
      answer: {
        status: 201,
        description: 'What was sent, without id and tokens.',
        schema: z.object({
          user: z.object({
            email: z.string(),
            username: z.string().nullable(),
            nickname: z.string().nullable(),
          }),
        }),
      },
      problems: ['registration_closed', 'username_taken'],
      handle: ({ body, request }) => registerAccount(parts, body, request),
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/login',
      acceptsForm: true,
      summary: 'Sign in with a password.',
      body: credentials,
      answer: {
        status: 200,
        description: 'Tokens for the API, and the user.',
        schema: signInSchema,
      },
      problems: [
        'invalid_client',
        'invalid_target',
        'invalid_credentials',
        'mfa_required',
        'email_not_verified',
        'second_factor_missing',
      ],
      handle: ({ body, request }) => logIn(parts, body, request),
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/refresh',
      acceptsForm: true,
      summary:
        'Exchange a refresh token for new tokens. It works once; reuse revokes every token of the sign-in.',
      body: z.object({ refresh_token: text(4096).min(1) }),
      answer: { status: 200, description: 'New tokens.', schema: tokensSchema },
      problems: [[401, 'invalid_token']],
      async handle({ body, request }) {
        const pair = await parts.tokens.refresh(body.refresh_token, request)
        if (!pair) throw unauthenticated('invalid_token', 'Bearer error="invalid_token"')
        return pair
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/logout',
      acceptsForm: true,
      summary: 'Sign out: revoke these tokens and their sign-in.',
      body: z.object({ refresh_token: text(4096).optional() }),
      answer: {
        status: 200,
        description: 'Signed out; also if the tokens were unknown.',
        schema: messageSchema,
      },
      async handle({ body, credential, request }) {
        const known = await parts.tokens.end({
          accessToken: credential,
          refreshToken: body.refresh_token,
        })
        if (known) audit({ type: 'logout' }, request)
        return { message: 'signed out' }
      },
    }),
  ]
}

async function registerAccount(
  { register, registrationOpen, ...parts }: AuthRouteParts,
  body: {
    email: string
    password: string
    username?: string | undefined
    nickname?: string | undefined
  },
  request: RequestFacts,
) {
  if (!registrationOpen) throw new AppError('registration_closed')
  const made = await register(body)
  const echo = {
    user: {
      email: body.email.trim(),
      username: body.username ?? null,
      nickname: body.nickname ?? null,
    },
  }
  if ('user' in made) {
    parts.audit(
      { type: 'user.registered', actor: made.user.id, target: `user:${made.user.id}` },
      request,
    )
    await parts.onboarding.registered(made.user, request)
    return echo
  }
  const { email: emailProblem, ...others } = made.problems
  if (others.username === 'username_taken') throw new AppError('username_taken')
  if (emailProblem === 'email_taken' && Object.keys(others).length === 0) {
    await parts.onboarding.registeredAgain(body.email, request)
    return echo
  }
  const problems = Object.entries(made.problems).filter(([, code]) => code !== 'email_taken')
  throw new AppError('validation_failed', {
    problems: problems.map(([field, code]) => ({ path: `body.${field}`, message: code })),
  })
}

async function logIn(
  parts: AuthRouteParts,
  body: z.infer<typeof credentials>,
  request: RequestFacts,
) {
  const { authenticate, onboarding, audit } = parts
  const identifier = body.identifier ?? body.email ?? body.username ?? ''
  const { address } = request
  const user = await authenticate({ identifier, password: body.password, address })
  if (!user) {
    audit({ type: 'login.failed', details: { identifier: identifier.slice(0, 254) } }, request)
    throw new AppError('invalid_credentials')
  }
  if (onboarding.needsVerification(user)) throw new AppError('email_not_verified')
  const { client_id: clientId, resource } = body
  const amr = ['pwd']
  await parts.secondStep(user, { clientId, resource, amr })
  return finishSignIn(parts, { user, clientId, resource, amr }, request)
}
