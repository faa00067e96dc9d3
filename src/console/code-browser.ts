import { literal, signInScope, type CodeFor } from './code-for.ts'

/** For the page at the redirect URI: it sends the browser away, and gets tokens when it comes back. */
export function browserCode({ issuer, clientId, redirectUri, resource }: CodeFor): string {
  const options = issuer.startsWith('http:')
    ? '{ [oauth.allowInsecureRequests]: true } // without TLS: for development only'
    : '{}'
  return `// npm install oauth4webapi
import * as oauth from 'oauth4webapi'

const issuer = new URL(${literal(issuer)})
const client = { client_id: ${literal(clientId)} }
const redirectUri = ${literal(redirectUri)}
const options = ${options}
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, options),
)

export async function signIn() {
  const [state, verifier] = [oauth.generateRandomState(), oauth.generateRandomCodeVerifier()]
  sessionStorage.setItem('signIn', JSON.stringify({ state, verifier }))
  location.href = \`\${server.authorization_endpoint}?\${new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: ${literal(signInScope)},
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })}\`
}

export async function comeBack() {
  const { state, verifier } = JSON.parse(sessionStorage.getItem('signIn'))
  const answer = oauth.validateAuthResponse(server, client, new URL(location.href), state)
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), answer, redirectUri, verifier, options,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response)
  history.replaceState(null, '', location.pathname)
  // tokens.access_token is for ${resource === undefined ? 'userinfo' : literal(resource)}
  return { claims: oauth.getValidatedIdTokenClaims(tokens), tokens }
}

if (new URLSearchParams(location.search).has('state')) {
  const { claims } = await comeBack()
  document.body.append(\`Signed in: \${claims.sub}\`)
} else {
  await signIn() // or when a button is pressed
}
`
}
