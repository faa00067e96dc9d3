import type { IdentityProfile } from '#storage/identities.ts'
import { askJson, failed, seen, textOf, type Upstream, type UpstreamParts } from './upstream.ts'

/**
 * GitHub: OAuth 2.0 with PKCE. The e-mail of `/user` is whatever the person shows to everyone, mostly nothing; the one
 * that counts is the primary address of `/user/emails`, when it is verified.
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export function createGithub({
  clientId,
  clientSecret,
  outbound,
  ...parts
}: UpstreamParts): Upstream {
  const site = parts.baseUrl ?? 'https://github.com'
  const api = parts.apiBaseUrl ?? 'https://api.github.com'
  const ask = (path: string, token: string) =>
    askJson(outbound, api + path, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
    })
  return {
    ask: async () => ({
      authorizeUrl: `${site}/login/oauth/authorize`,
      tokenUrl: `${site}/login/oauth/access_token`,
      scope: parts.scopes?.join(' ') ?? 'read:user user:email',
      pkce: true,
      nonce: false,
      secret: clientSecret,
    }),
    async identify({ tokens }) {
      const token = textOf(tokens['access_token'])
      if (token === undefined) throw failed('the answer has no access token')
      const { status, body } = await ask('/user', token)
      if (status !== 200) throw failed(`/user answered ${status}`)
      const emails = await ask('/user/emails', token)
      return seen(
        { provider: 'github', appId: clientId, subject: body['id'] },
        {
          nickname: textOf(body['name']) ?? textOf(body['login']),
          avatarUrl: textOf(body['avatar_url']),
          ...(emails.status === 200 && primaryOf(emails.body)),
        },
      )
    },
  }
}

function primaryOf(emails: unknown): Pick<IdentityProfile, 'email' | 'emailVerified'> {
  const list = Array.isArray(emails) ? (emails as Record<string, unknown>[]) : []
  const primary = list.find((one) => one['primary'] === true && one['verified'] === true)
  const email = textOf(primary?.['email'])
  return email === undefined ? {} : { email, emailVerified: true }
}
