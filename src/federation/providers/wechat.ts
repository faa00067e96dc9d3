import type { Outbound } from '#http/outbound.ts'
import { askJson, failed, seen, textOf, UpstreamFailure } from './upstream.ts'
import type { Tokens, Upstream, UpstreamParts } from './upstream.ts'

/**
 * WeChat in the browser, in two ways: a QR code on a website (an app of the Open Platform), and a page inside WeChat's
 * own browser (an official account). Both speak a dialect of OAuth 2.0: `appid` and `secret`, a token by GET, errors with
 * status 200 as text, no e-mail. `unionid` joins the apps of one operator.
 * https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html
 * https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 */
export const createWechatWeb = (parts: UpstreamParts): Upstream =>
  createWechat(parts, { path: '/connect/qrconnect', scope: 'snsapi_login' })

export const createWechatOfficial = (parts: UpstreamParts): Upstream =>
  createWechat(parts, { path: '/connect/oauth2/authorize', scope: 'snsapi_userinfo' })

function createWechat(
  parts: UpstreamParts,
  { path, scope }: { path: string; scope: string },
): Upstream {
  const { clientId: appId, clientSecret, outbound } = parts
  const api = parts.apiBaseUrl ?? 'https://api.weixin.qq.com'
  return {
    ask: async () => ({
      authorizeUrl: (parts.baseUrl ?? 'https://open.weixin.qq.com') + path,
      scope: parts.scopes?.join(',') ?? scope,
      pkce: false,
      nonce: false,
    }),
    dialect: (address) => wechatAddress(address, appId),
    redeem: (code) =>
      call(outbound, `${api}/sns/oauth2/access_token`, {
        appid: appId,
        secret: clientSecret,
        code,
        grant_type: 'authorization_code',
      }),
    async identify({ tokens }) {
      // A page that is only previewed runs as a made-up person whose openid is no one's.
      if (tokens['is_snapshotuser'] === 1) throw failed('WeChat answered with a snapshot user')
      const openid = textOf(tokens['openid'])
      const user = await call(outbound, `${api}/sns/userinfo`, {
        access_token: textOf(tokens['access_token']) ?? '',
        openid: openid ?? '',
        lang: 'zh_CN',
      })
      if (user['openid'] !== openid) throw failed('WeChat answered about someone else')
      return seen(
        { provider: 'wechat', appId, subject: openid },
        { nickname: textOf(user['nickname']), avatarUrl: textOf(user['headimgurl']) },
        textOf(user['unionid']) ?? textOf(tokens['unionid']),
      )
    },
  }
}

/** WeChat's browser checks the order of the parameters, and wants the fragment. */
function wechatAddress({ origin, pathname, searchParams: from }: URL, appid: string): string {
  const parameters = new URLSearchParams({
    appid,
    redirect_uri: from.get('redirect_uri') ?? '',
    response_type: 'code',
    scope: from.get('scope') ?? '',
    state: from.get('state') ?? '',
  })
  return `${origin}${pathname}?${parameters.toString()}#wechat_redirect`
}

/** Errors come with status 200; -1 is WeChat's "busy". */
async function call(
  outbound: Outbound,
  address: string,
  parameters: Record<string, string>,
): Promise<Tokens> {
  const url = new URL(address)
  url.search = new URLSearchParams(parameters).toString()
  const { body } = await askJson(outbound, url)
  const code = body['errcode']
  if (!code) return body
  throw new UpstreamFailure(
    code === -1 ? 'unavailable' : 'failed',
    `WeChat: errcode ${JSON.stringify(code)}`,
  )
}
