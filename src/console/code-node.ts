import { literal, signInScope, type CodeFor } from './code-for.ts'

const authentication: Record<string, (secret: string) => string> = {
  none: () => 'oidc.None()',
  client_secret_post: (secret) => `oidc.ClientSecretPost(${secret})`,
}

/** `const config = await oidc.discovery(…)`; a server without TLS has to be allowed. */
function discovery({ issuer, clientId, method, secret }: CodeFor): string {
  const password = secret === undefined ? 'env.CLIENT_SECRET' : literal(secret)
  const auth = authentication[method]?.(password) ?? `oidc.ClientSecretBasic(${password})`
  const insecure = issuer.startsWith('http:')
    ? ', {\n  execute: [oidc.allowInsecureRequests], // without TLS: for development only\n}'
    : ''
  return `const config = await oidc.discovery(new URL(${literal(issuer)}), ${literal(clientId)}, undefined, ${auth}${insecure})`
}

const environment = ({ method, secret }: CodeFor): string =>
  method === 'none' || secret !== undefined ? '' : "import { env } from 'node:process'\n"

export const nodeMachineCode = (facts: CodeFor): string => `// npm install openid-client@6
${environment(facts)}import * as oidc from 'openid-client'

${discovery(facts)}
const tokens = await oidc.clientCredentialsGrant(config, ${literal({ resource: facts.resource, scope: facts.scope })})
console.log(tokens)
`

/** A whole server: it sends anyone who opens it to sign in, and shows who came back. */
export const nodeCode = (facts: CodeFor): string => `// npm install openid-client@6
import { createServer } from 'node:http'
${environment(facts)}import * as oidc from 'openid-client'

const redirectUri = ${literal(facts.redirectUri)}
${discovery(facts)}

// The browser keeps the state, this server the verifier. A real application keeps both in its session.
const verifiers = new Map()

async function signIn(response) {
  const [state, verifier] = [oidc.randomState(), oidc.randomPKCECodeVerifier()]
  verifiers.set(state, verifier)
  const to = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: ${literal(signInScope)},
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  response.setHeader('set-cookie', \`state=\${state}; HttpOnly; SameSite=Lax; Path=/\`)
  response.writeHead(303, { location: to.href }).end()
}

async function comeBack(request, response, url) {
  const state = /(?:^|; )state=([\\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  const tokens = await oidc.authorizationCodeGrant(config, url, {
    expectedState: state,
    pkceCodeVerifier: verifiers.get(state),
  })
  verifiers.delete(state)
  // tokens.access_token is for ${facts.resource === undefined ? 'userinfo' : literal(facts.resource)}
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(tokens.claims(), null, 2))
}

const port = ${portOf(facts.redirectUri)}
createServer((request, response) => {
  const url = new URL(request.url, redirectUri)
  const isBack = url.pathname === new URL(redirectUri).pathname && url.searchParams.has('state')
  const answer = isBack
    ? comeBack(request, response, url)
    : url.pathname === '/'
      ? signIn(response)
      : response.writeHead(404).end()
  Promise.resolve(answer).catch((error) => response.writeHead(500).end(String(error)))
}).listen(port, () => console.log(\`Open http://localhost:\${port}/\`))
`

/** Where the server listens: at the redirect URI, if that is this machine. */
export function portOf(redirectUri: string): number {
  if (!URL.canParse(redirectUri)) return 3000
  const { hostname, port } = new URL(redirectUri)
  return ['localhost', '127.0.0.1'].includes(hostname) && port !== '' ? Number(port) : 3000
}
