import { askJson, failed, seen, textOf, UpstreamFailure } from './upstream.ts'
import type { Tokens, Upstream, UpstreamParts } from './upstream.ts'

/**
 * WeCom (企业微信): members of one company sign in by QR code. The code is read with a token of the app, not of the
 * person; the members' ids are the company's own.
 * https://developer.work.weixin.qq.com/document/path/98152
 */
export function createWecom({
  clientId: corpId,
  clientSecret,
  outbound,
  ...parts
}: UpstreamParts): Upstream {
  const site = parts.baseUrl ?? 'https://login.work.weixin.qq.com'
  const api = parts.apiBaseUrl ?? 'https://qyapi.weixin.qq.com'
  let appToken: { value: string; until: number } | undefined

  const call = async (path: string, parameters: Record<string, string>): Promise<Tokens> => {
    const { body } = await askJson(
      outbound,
      `${api}${path}?${new URLSearchParams(parameters).toString()}`,
    )
    const code = body['errcode']
    if (!code) return body
    if (code === 40_014 || code === 42_001) appToken = undefined
    throw new UpstreamFailure(
      code === -1 ? 'unavailable' : 'failed',
      `WeCom: errcode ${JSON.stringify(code)}`,
    )
  }
  /** WeCom asks that it be kept for as long as it lives. */
  const tokenOfApp = async (): Promise<string> => {
    if (appToken && appToken.until > parts.now()) return appToken.value
    const body = await call('/cgi-bin/gettoken', { corpid: corpId, corpsecret: clientSecret })
    const value = textOf(body['access_token'])
    if (value === undefined) throw failed('WeCom gave no token')
    appToken = { value, until: parts.now() + (Number(body['expires_in']) - 300) * 1000 }
    return value
  }

  return {
    ask: async () => ({
      authorizeUrl: `${site}/wwlogin/sso/login`,
      scope: 'snsapi_login',
      pkce: false,
      nonce: false,
    }),
    dialect({ origin, pathname, searchParams: from }) {
      const parameters = new URLSearchParams({
        login_type: 'CorpApp',
        appid: corpId,
        agentid: parts.options['agent_id'] ?? '',
        redirect_uri: from.get('redirect_uri') ?? '',
        state: from.get('state') ?? '',
      })
      return `${origin}${pathname}?${parameters.toString()}`
    },
    redeem: async (code) =>
      call('/cgi-bin/auth/getuserinfo', { access_token: await tokenOfApp(), code }),
    async identify({ tokens }) {
      // Anyone who is no member has an `openid` and no `userid`, and is not let in.
      const userid = textOf(tokens['userid'])
      if (userid === undefined) throw failed('not a member of the company')
      const user = await call('/cgi-bin/user/get', { access_token: await tokenOfApp(), userid })
      return seen(
        { provider: 'wecom', appId: corpId, subject: userid },
        { nickname: textOf(user['name']), avatarUrl: textOf(user['avatar']) },
      )
    },
  }
}
