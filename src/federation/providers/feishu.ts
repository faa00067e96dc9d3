import { askJson, failed, seen, textOf, type Upstream, type UpstreamParts } from './upstream.ts'
import type { Tokens } from './upstream.ts'

/**
 * Feishu (飞书): OAuth 2.0 with a token request in JSON; an answer is good when its `code` is 0.
 * https://open.feishu.cn/document/authentication-management/access-token/get-user-access-token
 */
export function createFeishu({
  clientId,
  clientSecret,
  outbound,
  ...parts
}: UpstreamParts): Upstream {
  const site = parts.baseUrl ?? 'https://accounts.feishu.cn'
  const api = parts.apiBaseUrl ?? 'https://open.feishu.cn'
  const call = async (path: string, init: object): Promise<Tokens> => {
    const { status, body } = await askJson(outbound, `${api}/open-apis/authen${path}`, init)
    if (status !== 200 || body['code'] !== 0)
      throw failed(`Feishu: code ${JSON.stringify(body['code'])}`)
    return body
  }
  return {
    ask: async () => ({
      authorizeUrl: `${site}/open-apis/authen/v1/authorize`,
      scope: parts.scopes?.join(' ') ?? '',
      pkce: false,
      nonce: false,
    }),
    redeem: (code, redirectUri) =>
      call('/v2/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({
          grant_type: 'authorization_code',
          client_id: clientId,
          client_secret: clientSecret,
          code,
          redirect_uri: redirectUri,
        }),
      }),
    async identify({ tokens }) {
      const token = textOf(tokens['access_token']) ?? ''
      const { data } = await call('/v1/user_info', {
        headers: { authorization: `Bearer ${token}` },
      })
      const user = (data ?? {}) as Record<string, unknown>
      return seen(
        { provider: 'feishu', appId: clientId, subject: user['open_id'] },
        { nickname: textOf(user['name']), avatarUrl: textOf(user['avatar_url']) },
        textOf(user['union_id']),
      )
    },
  }
}
