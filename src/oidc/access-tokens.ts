import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import { sha256 } from '#lib/hashing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import type { ClientStore } from '#storage/clients.ts'
import type { ResourceStore } from '#storage/resources.ts'
import { artifactKey } from './payload-codec.ts'
import { apiKeyClaim } from './api-keys.ts'
import type { KeySet } from './keys.ts'

/** The grant that a JWT access token was issued under; a private claim, so that it can be looked up. */
export const grantClaim = 'grant_id'

/**
 * JWT access tokens as only their issuer can judge them: the signature and life, and beyond those whether the grant
 * still stands and the `jti` was not revoked.
 */
export interface JwtAccessTokens {
  /** The claims of a token that we signed and that has not ended; undefined for everything else. */
  verify(token: string): Promise<JWTPayload | undefined>
  /** Whether a verified token was not revoked, and its grant, key, client and resource are still there. */
  isAlive(claims: JWTPayload): Promise<boolean>
  /** Makes a verified token dead, here and at introspection. */
  revoke(claims: JWTPayload): Promise<void>
}

export interface JwtAccessTokensParts {
  artifacts: ArtifactStore
  clients: Pick<ClientStore, 'find'>
  resources: Pick<ResourceStore, 'find'>
  /** The identifier of our own API, which cannot be deleted. */
  apiResource: string
  keySet: KeySet
  issuer: string
  /** Whether an API key is still good, and its owner not banned. */
  isKeyAlive(id: string): Promise<boolean>
}

export function createJwtAccessTokens(parts: JwtAccessTokensParts): JwtAccessTokens {
  const { artifacts, keySet, issuer, isKeyAlive } = parts
  const keys = createLocalJWKSet({ keys: keySet.publicJwks })
  const options = { issuer, typ: 'at+jwt', requiredClaims: ['exp', 'jti'] }
  return {
    async verify(token) {
      const verified = await jwtVerify(token, keys, options).catch(() => undefined)
      return verified?.payload
    },
    async isAlive(claims) {
      const { jti, [grantClaim]: grantId, [apiKeyClaim]: keyId } = claims
      const [revoked, hasIssue, hasKey, hasResource] = await Promise.all([
        artifacts.find('RevokedToken', sha256(String(jti))),
        // A grant goes with its client.
        typeof grantId === 'string'
          ? artifacts.find('Grant', artifactKey(grantId))
          : hasClient(parts, claims),
        typeof keyId === 'string' ? isKeyAlive(keyId) : true,
        claims.aud === parts.apiResource || parts.resources.find(String(claims.aud)),
      ])
      return revoked === undefined && Boolean(hasIssue) && hasKey && Boolean(hasResource)
    },
    async revoke({ jti, exp }) {
      const expiresAt = exp! * 1000
      await artifacts.put('RevokedToken', sha256(String(jti)), { payload: '', expiresAt })
    },
  }
}

/** Whether the client is still there, and the same: one that was made again under the id has no tokens of before. */
async function hasClient(
  { clients }: JwtAccessTokensParts,
  { client_id: id, iat = 0 }: JWTPayload,
): Promise<boolean> {
  const client = await clients.find(String(id))
  // Claims count seconds, and the client may have been made in the very second.
  return client !== undefined && client.createdAt < (iat + 1) * 1000
}
