import { errors } from 'oidc-provider'
import type { ApiKeyParts } from './api-keys.ts'
import { invalidGrant } from './invalid-grant.ts'
import type { SubjectTokenType } from './token-exchange.ts'

export const apiKeyType = 'urn:yumen:params:oauth:token-type:api_key'

/** An API key becomes a short-lived JWT for our API, which a resource server verifies by itself. It dies with its key. */
export const apiKeySubject = ({ check, resource: ownApi }: ApiKeyParts): SubjectTokenType => ({
  names: [apiKeyType],
  target(asked = ownApi) {
    if (asked !== ownApi) throw new errors.InvalidTarget('a key is for our own API')
    return asked
  },
  async accept(token) {
    const key = await check(token)
    if (!key) throw invalidGrant('the API key is not good')
    return {
      accountId: key.userId,
      permitted: () => Promise.resolve(key.scopes),
      keyId: key.id,
      details: { api_key: key.id },
    }
  },
})
