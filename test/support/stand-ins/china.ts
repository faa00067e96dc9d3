import type { ExecutionContext } from 'ava'
import { newSecret } from '#lib/ids.ts'
import { sendBack, standIn, type StandIn } from './server.ts'

/** WeCom, DingTalk and Feishu, as their public documents say: each with its own spelling of a code, a token and an error. */
export interface CompanyStandIn extends StandIn {
  id: string
  secret: string
  mood: 'willing' | 'denying'
  person: Record<string, string>
}

type Teardown = Pick<ExecutionContext, 'teardown'>

const cast = (server: StandIn, person: Record<string, string>): CompanyStandIn =>
  Object.assign(server, {
    id: `app${newSecret(8)}`,
    secret: newSecret(16),
    mood: 'willing' as const,
    person,
  })

/** Codes that work once. */
function codeBook() {
  const codes = new Set<string>()
  return {
    make(): string {
      const code = newSecret(12)
      codes.add(code)
      return code
    },
    spend: (code: unknown): boolean => codes.delete(String(code)),
  }
}

export async function wecomStandIn(t: Teardown): Promise<CompanyStandIn> {
  const codes = codeBook()
  const token = newSecret(30)
  const failure = (errcode: number, errmsg: string) => ({ body: { errcode, errmsg } })
  const isToken = (query: URLSearchParams) => query.get('access_token') === token
  const server = await standIn(t, {
    'GET /wwlogin/sso/login': (asked) => {
      const { query } = asked
      const isSound =
        query.get('login_type') === 'CorpApp' &&
        query.get('appid') === self.id &&
        query.get('agentid') === '1000002'
      if (!isSound) return { type: 'text/html', body: '参数错误' }
      return sendBack(asked, self.mood === 'denying' ? {} : { code: codes.make() })
    },
    'GET /cgi-bin/gettoken': ({ query }) =>
      query.get('corpid') === self.id && query.get('corpsecret') === self.secret
        ? { body: { errcode: 0, errmsg: 'ok', access_token: token, expires_in: 7200 } }
        : failure(40_001, 'invalid credential'),
    'GET /cgi-bin/auth/getuserinfo': ({ query }) => {
      if (!isToken(query)) return failure(40_014, 'invalid access_token')
      if (!codes.spend(query.get('code'))) return failure(40_029, 'invalid code')
      const { userid, openid } = self.person
      return { body: { errcode: 0, errmsg: 'ok', ...(userid ? { userid } : { openid }) } }
    },
    'GET /cgi-bin/user/get': ({ query }) =>
      isToken(query) && query.get('userid') === self.person['userid']
        ? { body: { errcode: 0, errmsg: 'ok', ...self.person } }
        : failure(60_111, 'userid not found'),
  })
  const self = cast(server, { userid: 'zhangsan', name: '张三 🐼' })
  return self
}

export async function dingtalkStandIn(t: Teardown): Promise<CompanyStandIn> {
  const codes = codeBook()
  const token = newSecret(30)
  const failure = (status: number, code: string) => ({
    status,
    body: { code, message: '不合法', requestid: 'A1-B2' },
  })
  const server = await standIn(t, {
    'GET /oauth2/auth': (asked) =>
      sendBack(
        asked,
        self.mood === 'denying' ? { error: 'access_denied' } : { authCode: codes.make() },
      ),
    'POST /v1.0/oauth2/userAccessToken': ({ body }) => {
      const given = JSON.parse(body) as Record<string, unknown>
      if (given['clientId'] !== self.id || given['clientSecret'] !== self.secret)
        return failure(400, 'invalidClientIdOrSecret')
      if (!codes.spend(given['code']) || given['grantType'] !== 'authorization_code')
        return failure(400, 'invalidParameter.authCode.notFound')
      return { body: { accessToken: token, refreshToken: newSecret(), expireIn: 7200 } }
    },
    'GET /v1.0/contact/users/me': ({ headers }) =>
      headers['x-acs-dingtalk-access-token'] === token
        ? { body: self.person }
        : failure(403, 'Forbidden.AccessDenied.AccessTokenPermissionDenied'),
  })
  const self = cast(server, { nick: '李四 🎏', openId: 'liSiEiE', unionId: 'z21HjQliSzpw0Yxxxx' })
  return self
}

export async function feishuStandIn(t: Teardown): Promise<CompanyStandIn> {
  const codes = codeBook()
  const token = newSecret(30)
  const server = await standIn(t, {
    'GET /open-apis/authen/v1/authorize': (asked) =>
      sendBack(
        asked,
        self.mood === 'denying' ? { error: 'access_denied' } : { code: codes.make() },
      ),
    'POST /open-apis/authen/v2/oauth/token': ({ body }) => {
      const given = JSON.parse(body) as Record<string, unknown>
      const isGood =
        given['client_id'] === self.id &&
        given['client_secret'] === self.secret &&
        String(given['redirect_uri']).endsWith('/callback') &&
        codes.spend(given['code'])
      return isGood
        ? { body: { code: 0, access_token: token, expires_in: 7200, token_type: 'Bearer' } }
        : {
            status: 400,
            body: { code: 20_050, error: 'invalid_grant', error_description: 'code is invalid' },
          }
    },
    'GET /open-apis/authen/v1/user_info': ({ headers }) =>
      headers.authorization === `Bearer ${token}`
        ? { body: { code: 0, msg: 'success', data: self.person } }
        : { status: 400, body: { code: 20_005, msg: 'invalid access token' } },
  })
  const self = cast(server, { name: '王五 🏮', open_id: 'ou-caecc734', union_id: 'on-d89jhsdhjsa' })
  return self
}
