import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { WechatAccessTokens } from './access-token.ts'
import type { WechatApp } from './app.ts'
import { wechatProblem } from './errors.ts'
import type { WechatHttp } from './http.ts'
import { isFresh, phoneOf } from './open-data.ts'

/** WeChat's server APIs for mini programs, as far as we use them. Rejects with AppErrors, see `errors.ts`. */
export interface WechatApi {
  /** Redeems the code of `wx.login` (five minutes, once): `/sns/jscode2session`. */
  codeToSession(app: WechatApp, code: string): Promise<MiniProgramSession>
  /**
   * Redeems the code of a `getPhoneNumber` button (five minutes, once): `/wxa/business/getuserphonenumber`. With an
   * `openid` WeChat also checks that the code is that person's.
   */
  phoneNumber(app: WechatApp, given: { code: string; openid?: string | undefined }): Promise<Phone>
  /** A mini-program code, of which there may be any number: `/wxa/getwxacodeunlimit`. */
  qrCode(app: WechatApp, wanted: Record<string, unknown>): Promise<Picture>
}

export interface MiniProgramSession {
  openid: string
  /** Base64 of 16 bytes. Never leaves the server. */
  sessionKey: string
  unionId?: string | undefined
}

export interface Phone {
  /** E.164. */
  phone: string
  countryCode: string
  nationalNumber: string
}

export interface Picture {
  type: 'image/png' | 'image/jpeg'
  bytes: Buffer
}

export interface WechatApiParts {
  http: WechatHttp
  accessTokens: WechatAccessTokens
  now: Clock
}

const session = z.object({
  openid: z.string().min(1).max(255),
  session_key: z.string().min(1),
  unionid: z.string().min(1).max(255).optional(),
})

const phoneAnswer = z.object({
  phone_info: z.object({
    purePhoneNumber: z.string(),
    countryCode: z.coerce.string(),
    watermark: z.object({ appid: z.string(), timestamp: z.number() }),
  }),
})

export function createWechatApi(parts: WechatApiParts): WechatApi {
  const { http, accessTokens } = parts
  return {
    codeToSession: (app, code) => told(codeToSession(http, app, code)),
    phoneNumber: (app, given) => told(phoneNumber(parts, app, given)),
    qrCode: (app, wanted) =>
      told(
        accessTokens.use(app, async (token) =>
          pictureOf(
            await http.bytes({
              path: '/wxa/getwxacodeunlimit',
              query: { access_token: token },
              body: wanted,
            }),
          ),
        ),
      ),
  }
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw wechatProblem(error)
  }
}

async function codeToSession(
  http: WechatHttp,
  { appId, appSecret }: WechatApp,
  code: string,
): Promise<MiniProgramSession> {
  const query = {
    appid: appId,
    secret: appSecret,
    js_code: code,
    grant_type: 'authorization_code',
  }
  const answer = await http.json({ path: '/sns/jscode2session', query }, session)
  return { openid: answer.openid, sessionKey: answer.session_key, unionId: answer.unionid }
}

async function phoneNumber(
  { http, accessTokens, now }: WechatApiParts,
  app: WechatApp,
  { code, openid }: { code: string; openid?: string | undefined },
): Promise<Phone> {
  const { phone_info: info } = await accessTokens.use(app, (token) =>
    http.json(
      {
        path: '/wxa/business/getuserphonenumber',
        query: { access_token: token },
        body: { code, ...(openid === undefined ? {} : { openid }) },
      },
      phoneAnswer,
    ),
  )
  const phone = phoneOf(info)
  if (phone === undefined || !isFresh(info, { appId: app.appId, at: now() }))
    throw new AppError('wechat_data_invalid')
  return { phone, countryCode: info.countryCode, nationalNumber: info.purePhoneNumber }
}

/** PNG for a transparent code, else JPEG; told by the first bytes. */
const pictureOf = (bytes: Buffer): Picture => ({
  type: bytes[0] === 0xff && bytes[1] === 0xd8 ? 'image/jpeg' : 'image/png',
  bytes,
})
