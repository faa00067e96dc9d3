import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose'
import type * as Library from 'openid-client'

/**
 * The demo's side of OAuth, with openid-client as any application would use it. It knows the server by its issuer
 * alone and talks to it over HTTP, even though both run in one process.
 */
export interface RelyingParty {
  /** Where to send the browser, and what must be remembered until it comes back. */
  begin(): Promise<{ url: string; pending: Pending }>
  /** Redeems the code with which the browser came back (`?code=…`). Rejects when it is not the answer to `pending`. */
  complete(search: string, pending: Pending): Promise<Tokens>
  refresh(tokens: Tokens): Promise<Tokens>
  /** Where to send the browser to end its session. */
  logoutUrl(tokens: Tokens): Promise<string>
}

export interface Pending {
  verifier: string
  state: string
  nonce: string
}

export interface Tokens {
  idToken: string
  idClaims: Record<string, unknown>
  /** Opaque: for userinfo. */
  userinfo: Record<string, unknown>
  /** A JWT for the API, and its claims as the API sees them after verification. */
  accessToken: string
  accessClaims: JWTPayload
  refreshToken: string
}

export interface RelyingPartyParts {
  issuer: string
  clientId: string
  /** The API that the access token is for. */
  resource: string
  /** The scopes of that API. */
  resourceScopes: string[]
}

/** Loaded when someone opens the demo. */
const library = () => import('openid-client')

export function createRelyingParty({
  issuer,
  clientId,
  resource,
  resourceScopes,
}: RelyingPartyParts): RelyingParty {
  const redirectUri = `${issuer}/demo/callback`
  let discovered: Promise<Library.Configuration> | undefined
  const configuration = (): Promise<Library.Configuration> => {
    discovered ??= library()
      .then((oidc) =>
        oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), {
          execute: [oidc.allowInsecureRequests],
        }),
      )
      .catch((error: unknown) => {
        discovered = undefined
        throw error
      })
    return discovered
  }

  /** The API's check: the key set and the expected issuer and audience, nothing else. */
  const verifyAsApi = async (accessToken: string): Promise<JWTPayload> => {
    const jwks = createRemoteJWKSet(new URL((await configuration()).serverMetadata().jwks_uri!))
    const { payload } = await jwtVerify(accessToken, jwks, {
      issuer,
      audience: resource,
      typ: 'at+jwt',
    })
    return payload
  }

  /** A refresh that names the API gets a token for it; the first answer's token is for userinfo. */
  const forApi = async (
    refreshToken: string,
    about: Pick<Tokens, 'idToken' | 'idClaims' | 'userinfo'>,
  ) => {
    const oidc = await library()
    const answer = await oidc.refreshTokenGrant(await configuration(), refreshToken, { resource })
    return {
      ...about,
      accessToken: answer.access_token,
      accessClaims: await verifyAsApi(answer.access_token),
      refreshToken: answer.refresh_token ?? refreshToken,
    }
  }

  return {
    async begin() {
      const oidc = await library()
      const pending = {
        verifier: oidc.randomPKCECodeVerifier(),
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
      }
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: ['openid profile email offline_access', ...resourceScopes].join(' '),
        resource,
        prompt: 'consent',
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
      })
      return { url: url.href, pending }
    },
    async complete(search, { verifier, state, nonce }) {
      const oidc = await library()
      const config = await configuration()
      const answer = await oidc.authorizationCodeGrant(config, new URL(redirectUri + search), {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      const idClaims = answer.claims()!
      const userinfo = await oidc.fetchUserInfo(config, answer.access_token, idClaims.sub)
      return forApi(answer.refresh_token!, { idToken: answer.id_token!, idClaims, userinfo })
    },
    refresh: (tokens) => forApi(tokens.refreshToken, tokens),
    async logoutUrl({ idToken }) {
      const oidc = await library()
      const url = oidc.buildEndSessionUrl(await configuration(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${issuer}/demo`,
      })
      return url.href
    },
  }
}
