import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose'
import { newSecret } from '#lib/ids.ts'

/** Another provider's issuer on loopback: it signs tokens, publishes its keys, changes them, and fails as issuers do. */
export interface Issuer {
  /** Its `iss`. */
  url: string
  /** `host:port`, for FETCH_ALLOWED_HOSTS. */
  host: string
  jwksUri: string
  audience: string
  /** How often someone has asked for the keys. */
  fetches: number
  behaviour: 'fine' | 'down' | 'slow' | 'huge' | 'redirect' | 'garbled'
  /** The public key in service. */
  readonly jwk: JWK
  /** Signs with the key in service; header and claims replace the usual ones. */
  sign(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>
  /** A new key takes the place of the old one, which is no longer published. */
  rotate(): Promise<void>
}

const audience = 'their-app'

export async function startIssuer(t: Pick<ExecutionContext, 'teardown'>): Promise<Issuer> {
  let key = await newKey()
  const server = createServer((_request, response) => {
    issuer.fetches += 1
    answers[issuer.behaviour](response, { keys: [key.jwk] })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${host}`
  const issuer: Issuer = {
    url,
    host,
    jwksUri: `${url}/jwks`,
    audience,
    fetches: 0,
    behaviour: 'fine',
    get jwk() {
      return key.jwk
    },
    sign: (claims = {}, header = {}) =>
      new SignJWT({ ...claimsOf(url), ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: key.jwk.kid!, typ: 'JWT', ...header })
        .sign(key.privateKey),
    async rotate() {
      key = await newKey()
    },
  }
  return issuer
}

/** As a person's token has them; times are the caller's clock. */
export function claimsOf(url: string): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  return { iss: url, aud: audience, sub: `person-${newSecret(6)}`, iat: now, exp: now + 3600 }
}

async function newKey(): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: newSecret(6), alg: 'ES256' } }
}

const answers: Record<Issuer['behaviour'], (response: ServerResponse, keys: object) => void> = {
  fine: (response, keys) => response.end(JSON.stringify(keys)),
  down: (response) => response.writeHead(503).end(),
  slow: () => {},
  huge: (response, keys) => response.end(JSON.stringify({ ...keys, padding: 'x'.repeat(300_000) })),
  redirect: (response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  garbled: (response) => response.end('<html>'),
}
