import { createHash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import { newSecret } from '#lib/ids.ts'
import { sendBack, standIn, type Asked, type Reply, type StandIn } from './server.ts'

/**
 * An OpenID Connect provider: discovery, authorize (which asks no one anything), token with PKCE and codes for one use,
 * keys, userinfo. Google, Microsoft and Apple answer like it, each with what is its own.
 */
export interface OidcStandIn extends StandIn {
  issuer: string
  clientId: string
  clientSecret: string
  /** Claims of anyone who signs in next. */
  person: Record<string, unknown>
  /** What is wrong with the next ID token, as an attacker or a careless provider would have it. */
  forge: Forgery
  /** How the next person answers, and whether the server is well. */
  mood: 'willing' | 'denying' | 'failing' | 'broken'
  /** Parameters of the callback beside code and state. */
  extra: Record<string, string>
  /** Whether the client secret is right. */
  isSecret(secret: string | null): boolean | Promise<boolean>
}

export interface Forgery {
  claims?: Record<string, unknown>
  alg?: 'none'
  /** Signed with a key that no one has published. */
  isForeignKey?: boolean
  /** Left out. */
  without?: string[]
}

export interface OidcOptions {
  /** Below the address of the server. */
  issuerPath?: string
  /** What the metadata call the issuer, when it is not where they are found. */
  metadataIssuer?(url: string): string
  /** Which the ID token names. */
  tokenIssuer?(url: string): string
  metadata?: Record<string, unknown>
  isFormPost?: boolean
  userinfo?: string[]
}

const keys = generateKeyPair('RS256')
const foreignKeys = generateKeyPair('RS256')

export async function oidcStandIn(
  t: Pick<ExecutionContext, 'teardown'>,
  options: OidcOptions = {},
): Promise<OidcStandIn> {
  const codes = new Map<string, URLSearchParams>()
  const at = options.issuerPath ?? ''
  const { publicKey } = await keys
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const server = await standIn(t, {
    [`GET ${at}/.well-known/openid-configuration`]: () => ({ body: metadata() }),
    'GET /authorize': (asked) => authorize(self, { asked, codes, options }),
    'POST /token': (asked) => token(self, { asked, codes, options }),
    'GET /keys': () => ({ body: { keys: [jwk] } }),
    'GET /userinfo': () => ({ body: pick(self.person, ['sub', ...(options.userinfo ?? [])]) }),
  })
  const self: OidcStandIn = Object.assign(server, {
    issuer: server.url + at,
    clientId: 'our-client.example',
    clientSecret: newSecret(),
    person: { sub: newSecret(12), name: 'Li Hua' },
    forge: {},
    mood: 'willing' as const,
    extra: {},
    isSecret: (secret: string | null) => secret === self.clientSecret,
  })
  const metadata = () => ({
    issuer: options.metadataIssuer?.(server.url) ?? self.issuer,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    jwks_uri: `${server.url}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...(options.userinfo && { userinfo_endpoint: `${server.url}/userinfo` }),
    ...options.metadata,
  })
  return self
}

interface Exchange {
  asked: Asked
  codes: Map<string, URLSearchParams>
  options: OidcOptions
}

function authorize(self: OidcStandIn, { asked, codes, options }: Exchange): Reply {
  const { query } = asked
  if (self.mood === 'denying') return sendBack(asked, { error: 'access_denied', ...self.extra })
  const isSound =
    query.get('client_id') === self.clientId &&
    query.get('response_type') === 'code' &&
    query.get('scope')?.split(' ').includes('openid')
  if (!isSound) return { status: 400, body: { error: 'invalid_request' } }
  const code = newSecret(16)
  codes.set(code, query)
  if (!options.isFormPost) return sendBack(asked, { code, ...self.extra })
  const fields = { code, state: query.get('state') ?? '', ...self.extra }
  return { type: 'text/html', body: formPost(query.get('redirect_uri')!, fields) }
}

/** What a browser submits by itself (OAuth 2.0 Form Post Response Mode). */
const formPost = (action: string, fields: Record<string, string>): string =>
  `<form method="post" action="${action}">${Object.entries(fields)
    .map(([name, value]) => `<input name="${name}" value="${value.replaceAll('"', '&quot;')}">`)
    .join('')}</form><script>document.forms[0].submit()</script>`

async function token(self: OidcStandIn, { asked, codes, options }: Exchange): Promise<Reply> {
  if (self.mood === 'failing')
    return { status: 503, type: 'text/html', body: '<h1>Service Unavailable</h1>' }
  if (self.mood === 'broken') return { type: 'text/html', body: '<h1>Welcome to the hotel</h1>' }
  const { form } = asked
  const code = form.get('code') ?? ''
  const request = codes.get(code)
  codes.delete(code)
  if (form.get('client_id') !== self.clientId || !(await self.isSecret(form.get('client_secret'))))
    return { status: 401, body: { error: 'invalid_client' } }
  const challenge = request?.get('code_challenge')
  const verifier = createHash('sha256').update(form.get('code_verifier') ?? '')
  const isSame =
    request?.get('redirect_uri') === form.get('redirect_uri') &&
    (challenge === null || challenge === verifier.digest('base64url'))
  if (!request || !isSame || form.get('grant_type') !== 'authorization_code')
    return { status: 400, body: { error: 'invalid_grant', error_description: 'Bad Request' } }
  const hidden = options.userinfo ?? []
  const claims = pick(
    self.person,
    Object.keys(self.person).filter((name) => !hidden.includes(name)),
  )
  const id_token = await sign(self, { claims, nonce: request.get('nonce'), options })
  return { body: { access_token: newSecret(), token_type: 'Bearer', expires_in: 3599, id_token } }
}

async function sign(
  { issuer, clientId, forge, url }: OidcStandIn,
  parts: { claims: Record<string, unknown>; nonce: string | null; options: OidcOptions },
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const whole: Record<string, unknown> = {
    iss: parts.options.tokenIssuer?.(url) ?? issuer,
    aud: clientId,
    iat: now,
    exp: now + 3600,
    ...(parts.nonce !== null && { nonce: parts.nonce }),
    ...parts.claims,
    ...forge.claims,
  }
  for (const name of forge.without ?? []) delete whole[name]
  if (forge.alg === 'none') return new UnsecuredJWT(whole).encode()
  const { privateKey } = await (forge.isForeignKey ? foreignKeys : keys)
  return signWith(privateKey, whole)
}

const signWith = (key: CryptoKey, claims: Record<string, unknown>): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)

const pick = (from: Record<string, unknown>, names: string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, from[name]]))
