import { z } from 'zod'
import { wechatSignInSchema } from './login.ts'
import type { SecondStep } from '#factors/second-step.ts'
import { Binary, route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { finishSignIn, signInSchema, type FinishParts } from '#users/finish-sign-in.ts'
import { wechatScope, type MiniPrograms } from './mini-programs.ts'

/**
 * `POST /auth/wechat-login`, for anyone: a mini program signs its user in; limited by address, audited like a login.
 * `POST /wechat/phone` and `/wechat/qrcode`, for the operator's own servers: a client by its own token
 * (`client_credentials` with the scope `wechat:server`), or an API key whose owner's roles permit the scope.
 */
export interface WechatRouteParts extends FinishParts {
  wechat: MiniPrograms
  /** Rejects when a second factor is due. */
  secondStep: SecondStep
  audit: AuditAsCaller
}

const appId = text(128).optional()

const problems = [
  'wechat_code_invalid',
  'wechat_app_unknown',
  'too_many_requests',
  'wechat_refused',
  'wechat_unavailable',
] as const

export const wechatRoutes = (parts: WechatRouteParts): ApiRoute[] => [
  loginRoute(parts),
  phoneRoute(parts),
  qrCodeRoute(parts),
]

const loginRoute = (parts: WechatRouteParts): ApiRoute =>
  route({
    tag: 'auth',
    access: 'anyone',
    isLimited: true,
    method: 'post',
    path: '/auth/wechat-login',
    acceptsForm: true,
    summary: 'Sign in from a WeChat mini program. Creates the account at the first sign-in.',
    body: wechatSignInSchema.safeExtend({ client_id: text(128).optional() }),
    answer: {
      status: 200,
      description: 'Tokens for the API, and the user.',
      schema: signInSchema,
    },
    problems: [
      ...problems,
      'wechat_data_invalid',
      'wechat_blocked',
      'account_disabled',
      'registration_closed',
      'mfa_required',
      'second_factor_missing',
    ],
    async handle({ body, request }) {
      const { client_id: clientId, resource, ...given } = body
      const { user, details } = await parts.wechat.login(given, { ...request, clientId })
      const signIn = { clientId, resource, amr: ['fed'], details }
      await parts.secondStep(user, signIn)
      return finishSignIn(parts, { ...signIn, user }, request)
    },
  })

const server = { tag: 'wechat', access: { scope: wechatScope.name }, method: 'post' } as const

const phoneRoute = ({ wechat, audit }: WechatRouteParts): ApiRoute =>
  route({
    ...server,
    path: '/wechat/phone',
    summary: 'Get the phone number for a getPhoneNumber code.',
    body: z.object({
      code: text(512).min(1),
      openid: text(255)
        .optional()
        .describe('WeChat then checks that the code belongs to this user'),
      app_id: appId,
    }),
    answer: {
      status: 200,
      description: 'The number; `phone` is E.164.',
      schema: z.object({
        phone: z.string(),
        country_code: z.string(),
        national_number: z.string(),
      }),
    },
    problems,
    async handle(call) {
      const { app_id: app, ...given } = call.body
      const { phone, countryCode, nationalNumber } = await wechat.phoneNumber(app, given)
      audit({ type: 'wechat.phone_read', target: `wechat:${app ?? 'default'}` }, call)
      return { phone, country_code: countryCode, national_number: nationalNumber }
    },
  })

const colour = z.int().min(0).max(255)

const qrCodeRoute = ({ wechat }: WechatRouteParts): ApiRoute =>
  route({
    ...server,
    path: '/wechat/qrcode',
    summary: 'Create a mini-program code.',
    body: z.object({
      scene: z.string().regex(/^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}$/, {
        error: 'must be 1 to 32 of the characters that WeChat allows',
      }),
      page: text(1024)
        .refine((page) => !page.startsWith('/'), { error: 'must not begin with a slash' })
        .optional(),
      check_path: z.boolean().optional(),
      env_version: z.enum(['release', 'trial', 'develop']).optional(),
      width: z.int().min(280).max(1280).optional(),
      auto_color: z.boolean().optional(),
      line_color: z.object({ r: colour, g: colour, b: colour }).optional(),
      is_hyaline: z.boolean().optional().describe('transparent background (PNG)'),
      app_id: appId,
    }),
    answer: {
      status: 200,
      description: 'The image from WeChat: PNG or JPEG.',
      contentType: 'image/*',
    },
    problems,
    async handle({ body: { app_id: app, ...wanted } }) {
      const { type, bytes } = await wechat.qrCode(app, wanted)
      return new Binary(type, bytes)
    },
  })
