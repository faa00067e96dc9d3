import { apiKeyType } from '#oidc/exchange-api-key.ts'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { basic, post, send, type Answer, type Cast } from './journey.ts'

/** Where someone may try to get on with a token, beside userinfo and introspection. */
export interface TokenUses {
  /** Our own API: of a person, of an administrator. */
  api(token: string): Promise<Answer[]>
  /** What a resource server is told that asks whose the token is. */
  verdict(token: string): Promise<Record<string, unknown>>
  /** An exchange for a token of another kind, whatever this one is said to be. */
  exchanges(token: string): Promise<Answer[]>
}

const types = [
  apiKeyType,
  'urn:ietf:params:oauth:token-type:access_token',
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
]

export const usesOf = ({
  fixture: { issuer },
  client,
}: Pick<Cast, 'fixture' | 'client'>): TokenUses => ({
  api: (token) =>
    Promise.all(
      ['/users/me', '/users/me/export', '/admin/users'].map((path) =>
        send(issuer + path, { headers: { authorization: `Bearer ${token}` } }),
      ),
    ),
  async verdict(token) {
    const { json } = await send(`${issuer}/auth/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...basic(client) },
      body: JSON.stringify({ token }),
    })
    return json
  },
  exchanges: (token) =>
    Promise.all(
      types.map((subject_token_type) =>
        post(`${issuer}/oauth/token`, client, {
          grant_type: tokenExchange,
          subject_token: token,
          subject_token_type,
        }),
      ),
    ),
})
