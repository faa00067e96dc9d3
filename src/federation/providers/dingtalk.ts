import { askJson, failed, seen, textOf, type Upstream, type UpstreamParts } from './upstream.ts'

/**
 * DingTalk: OAuth 2.0 whose callback says `authCode`, and whose token request and answer are JSON in its own words.
 * https://open.dingtalk.com/document/orgapp/tutorial-obtaining-user-personal-information
 */
export function createDingtalk({
  clientId,
  clientSecret,
  outbound,
  ...parts
}: UpstreamParts): Upstream {
  const site = parts.baseUrl ?? 'https://login.dingtalk.com'
  const api = parts.apiBaseUrl ?? 'https://api.dingtalk.com'
  return {
    ask: async () => ({
      authorizeUrl: `${site}/oauth2/auth`,
      scope: parts.scopes?.join(' ') ?? 'openid',
      pkce: false,
      nonce: false,
      parameters: { prompt: 'consent' },
    }),
    async redeem(code) {
      const { status, body } = await askJson(outbound, `${api}/v1.0/oauth2/userAccessToken`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ clientId, clientSecret, code, grantType: 'authorization_code' }),
      })
      if (status !== 200) throw failed(`DingTalk: ${status} ${textOf(body['code']) ?? ''}`)
      return body
    },
    async identify({ tokens }) {
      const { status, body } = await askJson(outbound, `${api}/v1.0/contact/users/me`, {
        headers: { 'x-acs-dingtalk-access-token': textOf(tokens['accessToken']) ?? '' },
      })
      if (status !== 200) throw failed(`DingTalk: ${status} ${textOf(body['code']) ?? ''}`)
      return seen(
        { provider: 'dingtalk', appId: clientId, subject: body['openId'] },
        { nickname: textOf(body['nick']), avatarUrl: textOf(body['avatarUrl']) },
        textOf(body['unionId']),
      )
    },
  }
}
