import { z } from 'zod'
import { text } from '#http/api.ts'
import type { AuditNote } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { IdentityProfile, SeenIdentity } from '#storage/identities.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { WechatApp } from './app.ts'
import type { MiniProgramSession, WechatApi } from './api.ts'
import { decryptOpenData, isFresh, phoneOf, verifyRawData, type OpenData } from './open-data.ts'
import type { WechatSessionKeys } from './session-keys.ts'

/**
 * Sign-in from a mini program: WeChat vouches for anyone who `wx.login` gave the code to. Identities are the vendor's
 * `wechat`, of the app's id and the openid, joined by the unionid once WeChat tells it. A person needs no e-mail and none
 * is invented; what open data says of them is believed only when it is sealed or signed with the session's key.
 *
 * Rejects with `wechat_code_invalid`, `wechat_data_invalid`, `wechat_blocked`, `account_disabled` and the like, and
 * with `wechat_unavailable` or `wechat_refused` when it is not the caller's fault. A refusal and a new account are audited;
 * what else the sign-in asks, and its success, are not known here.
 */
export type WechatLogin = (given: WechatSignIn, request: LoginRequest) => Promise<WechatEntry>

/** `details` for the audit log. */
export type WechatEntry = { user: User; details: Record<string, unknown> }

export interface LoginRequest {
  address: string
  agent: string
  traceId: string
  clientId?: string | undefined
}

/** What the mini program sends, at `/auth/wechat-login` and at the token endpoint alike. */
export const wechatSignInSchema = z
  .object({
    code: text(512).min(1),
    app_id: text(128).optional(),
    encrypted_data: text(16_384).optional(),
    iv: text(64).optional(),
    raw_data: text(16_384).optional(),
    signature: text(128).optional(),
    phone_code: text(512).optional(),
    resource: text(512).optional(),
  })
  .refine((given) => (given.encrypted_data === undefined) === (given.iv === undefined), {
    error: 'encrypted_data and iv go together',
    path: ['iv'],
  })
  .refine((given) => (given.raw_data === undefined) === (given.signature === undefined), {
    error: 'raw_data and signature go together',
    path: ['signature'],
  })
export type WechatSignIn = z.infer<typeof wechatSignInSchema>

export interface WechatLoginParts {
  /** The app of this id; the first one without. Throws `wechat_app_unknown`. */
  appOf(appId: string | undefined): WechatApp
  api: WechatApi
  sessionKeys: WechatSessionKeys
  /** Who this is; a new account gets the phone. */
  signIn(
    seen: SeenIdentity,
    newUser: { phone: string | undefined },
  ): Promise<{ user: User; isNew: boolean }>
  users: Pick<UserStore, 'findById' | 'update'>
  now: Clock
  audit(event: AuditNote, request: LoginRequest): void
}

export function createWechatLogin(parts: WechatLoginParts): WechatLogin {
  return async (given, request) => {
    const app = parts.appOf(given.app_id)
    const details = { provider: 'wechat', app_id: app.appId }
    try {
      const { user, isNew } = await logIn(parts, app, given)
      const about = { actor: user.id, target: `user:${user.id}`, details }
      if (isNew) parts.audit({ type: 'user.registered', ...about }, request)
      return { user, details }
    } catch (error) {
      if (error instanceof AppError && error.status < 500)
        parts.audit({ type: 'login.failed', details: { ...details, code: error.code } }, request)
      throw error
    }
  }
}

async function logIn(
  parts: WechatLoginParts,
  app: WechatApp,
  given: WechatSignIn,
): Promise<{ user: User; isNew: boolean }> {
  const { api, sessionKeys, users } = parts
  const session = await api.codeToSession(app, given.code)
  const { openid } = session
  const told = await toldOf(parts, { app, session, given })
  const phone =
    given.phone_code === undefined
      ? told.phone
      : (await api.phoneNumber(app, { code: given.phone_code, openid })).phone

  const seen = {
    provider: 'wechat',
    appId: app.appId,
    subject: openid,
    unionId: session.unionId ?? told.unionId,
    profile: told.profile,
  }
  const { user, isNew } = await parts.signIn(seen, { phone })
  if (phone !== undefined && user.phone !== phone) await users.update(user.id, { phone })
  const [fresh] = await Promise.all([
    users.findById(user.id),
    sessionKeys.replace({ appId: app.appId, openid }, session.sessionKey, user.id),
  ])
  return { user: { ...(fresh ?? user), signInEpoch: user.signInEpoch }, isNew }
}

/** What the open data says, all of it checked. */
interface Told {
  profile: IdentityProfile
  phone?: string | undefined
  unionId?: string | undefined
}

async function toldOf(
  { sessionKeys, now }: Pick<WechatLoginParts, 'sessionKeys' | 'now'>,
  { app, session, given }: { app: WechatApp; session: MiniProgramSession; given: WechatSignIn },
): Promise<Told> {
  const { appId } = app
  const { openid, sessionKey } = session
  const { encrypted_data: encryptedData, iv, raw_data: rawData, signature } = given
  /** The data may be older than the code, and be sealed with the key of the login before. */
  const withEitherKey = async <T>(read: (key: string) => T | undefined): Promise<T> => {
    const data = read(sessionKey)
    if (data !== undefined) return data
    const before = await sessionKeys.find({ appId, openid })
    const older = before === undefined ? undefined : read(before)
    if (older === undefined) throw new AppError('wechat_data_invalid')
    return older
  }

  const signed =
    rawData === undefined || signature === undefined
      ? undefined
      : await withEitherKey((key) => verifyRawData({ rawData, signature }, key))
  if (encryptedData === undefined || iv === undefined) return { profile: profileOf(signed ?? {}) }
  const data = await withEitherKey((key) => decryptOpenData({ encryptedData, iv }, key))
  const isTheirs = data.openId === undefined || data.openId === openid
  if (!isTheirs || !isFresh(data, { appId, at: now() })) throw new AppError('wechat_data_invalid')
  return {
    profile: profileOf({ ...signed, ...data }),
    phone: data.purePhoneNumber === undefined ? undefined : phoneOf(data),
    unionId: data.unionId,
  }
}

/** Since 2022 WeChat calls everyone this, with a grey picture: it says nothing of the person. */
const placeholder = '微信用户'

/** As long as a nickname may be here, in code points. */
const nicknameMax = 64

function profileOf({ nickName = '', avatarUrl }: Partial<OpenData>): IdentityProfile {
  const nickname = Array.from(nickName.replaceAll('\0', '').toWellFormed().trim())
    .slice(0, nicknameMax)
    .join('')
  if (nickname === '' || nickname === placeholder) return {}
  const isPicture =
    avatarUrl !== undefined &&
    avatarUrl.length <= 2048 &&
    /^https:\/\/[\x21-\x7e]+$/.test(avatarUrl)
  return { nickname, ...(isPicture && { avatarUrl }) }
}
