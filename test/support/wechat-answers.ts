import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the stand-in of WeChat (`wechat.ts`) answers, by WeChat's documentation, and what it remembers. */
export interface State {
  apps: App[]
  mood: Mood
  secrets: Set<string>
  now: () => number
  codes: Map<string, Issued & { openid: string; sessionKey: string; person: Person }>
  phoneCodes: Map<string, Issued & { phone: string; openid: string | undefined }>
  sessionKeys: Map<string, string>
  tokens: Map<string, { appId: string; token: string; endsAt: number }>
  visits: Map<string, number[]>
}

export interface Issued {
  appId: string
  endsAt: number
  isUsed: boolean
}

export interface App {
  id: string
  secret: string
}

/** Someone with WeChat; their openid is another one in every app. */
export interface Person {
  name: string
  unionId?: string
  isBlocked?: boolean
}

export interface Mood {
  /** So many calls are answered with -1. */
  busy: number
  /** Every call takes so long. */
  delayMs: number
  /** Calls fail: the connection is cut, HTTP 502 with HTML comes, a page with 200, or a redirect to itself. */
  away?: 'cut' | 'http' | 'html' | 'redirect' | undefined
  /** Every call is answered with this errcode. */
  errcode?: number | undefined
  /** Life of an access token. */
  tokenMs: number
  /** Sign-ins of one person in a minute. */
  perMinute: number
}

export const fiveMinutes = 5 * 60_000

export function secretOf(state: State, bytes: number): string {
  const secret = randomBytes(bytes).toString('hex')
  state.secrets.add(secret)
  return secret
}

type Body = Record<string, unknown>
type Handler = (state: State, query: URLSearchParams, body: Body) => object | Buffer

const handlers: Record<string, Handler> = {
  'GET /sns/jscode2session': codeToSession,
  'POST /cgi-bin/stable_token': stableToken,
  'POST /wxa/business/getuserphonenumber': withToken(phoneNumber),
  'POST /wxa/getwxacodeunlimit': withToken(qrCode),
}

export async function answer(state: State, request: IncomingMessage, response: ServerResponse) {
  const { mood } = state
  const { pathname, searchParams } = new URL(request.url!, 'http://wechat')
  let text = ''
  for await (const chunk of request) text += String(chunk)
  if (mood.delayMs > 0) await sleep(mood.delayMs)
  if (mood.away === 'cut') return request.socket.destroy()
  if (mood.away) {
    const status = { http: 502, html: 200, redirect: 302 }[mood.away]
    const headers = { 'content-type': 'text/html', location: request.url }
    return response.writeHead(status, headers).end('<h1>Bad Gateway</h1>')
  }
  const body = (text === '' ? {} : JSON.parse(text)) as Body
  const handle = handlers[`${request.method} ${pathname}`]
  const result =
    mood.errcode !== undefined
      ? refuse(state, mood.errcode)
      : mood.busy-- > 0
        ? refuse(state, -1)
        : (handle?.(state, searchParams, body) ?? refuse(state, 40066))
  mood.busy = Math.max(0, mood.busy)
  const isPicture = Buffer.isBuffer(result)
  response.setHeader('content-type', isPicture ? 'image/jpeg' : 'text/plain; charset=utf-8')
  return response.end(isPicture ? result : JSON.stringify(result))
}

function refuse(state: State, errcode: number): object {
  return { errcode, errmsg: `refused, rid: ${secretOf(state, 4)}-${secretOf(state, 4)}` }
}

function codeToSession(state: State, query: URLSearchParams): object {
  const app = state.apps.find(({ id }) => id === query.get('appid'))
  if (!app) return refuse(state, 40013)
  if (query.get('secret') !== app.secret) return refuse(state, 40125)
  if (!query.get('js_code')) return refuse(state, 41008)
  const code = state.codes.get(query.get('js_code')!)
  if (!code || code.appId !== app.id || code.endsAt < state.now()) return refuse(state, 40029)
  if (code.isUsed) return refuse(state, 40163)
  const minute = (state.visits.get(code.openid) ?? []).filter((at) => at > state.now() - 60_000)
  if (minute.length >= state.mood.perMinute) return refuse(state, 45011)
  if (code.person.isBlocked) return refuse(state, 40226)
  state.visits.set(code.openid, [...minute, state.now()])
  code.isUsed = true
  const { unionId } = code.person
  return {
    session_key: code.sessionKey,
    openid: code.openid,
    ...(unionId === undefined ? {} : { unionid: unionId }),
  }
}

function stableToken(state: State, _query: URLSearchParams, body: Body): object {
  const app = state.apps.find(({ id }) => id === body['appid'])
  if (!app) return refuse(state, 40013)
  if (body['secret'] !== app.secret) return refuse(state, 40125)
  const now = state.now()
  const known = state.tokens.get(app.id)
  const current =
    known && known.endsAt - now > fiveMinutes
      ? known
      : { appId: app.id, token: `80_${secretOf(state, 40)}`, endsAt: now + state.mood.tokenMs }
  state.tokens.set(app.id, current)
  const expiresIn = Math.floor((current.endsAt - now) / 1000)
  return { access_token: current.token, expires_in: expiresIn }
}

function withToken(handle: (state: State, body: Body, appId: string) => object | Buffer): Handler {
  return (state, query, body) => {
    const given = query.get('access_token')
    const found = [...state.tokens.values()].find(({ token }) => token === given)
    if (!found) return refuse(state, 40001)
    if (found.endsAt < state.now()) return refuse(state, 42001)
    return handle(state, body, found.appId)
  }
}

function phoneNumber(state: State, body: Body, appId: string): object {
  const code = state.phoneCodes.get(String(body['code']))
  if (!code || code.appId !== appId || code.isUsed || code.endsAt < state.now())
    return refuse(state, 40029)
  if (code.openid !== undefined && (body['openid'] ?? code.openid) !== code.openid)
    return refuse(state, 40003)
  code.isUsed = true
  return {
    errcode: 0,
    errmsg: 'ok',
    phone_info: {
      phoneNumber: code.phone,
      purePhoneNumber: code.phone,
      countryCode: 86,
      watermark: { timestamp: Math.floor(state.now() / 1000), appid: appId },
    },
  }
}

const pictures = {
  jpeg: Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'),
  png: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
}

function qrCode(state: State, { scene, page, is_hyaline: isPng }: Body): object | Buffer {
  if (typeof scene !== 'string' || scene.length > 32) return refuse(state, 40169)
  return page === 'pages/none' ? refuse(state, 41030) : pictures[isPng ? 'png' : 'jpeg']
}
