import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import { sha256 } from '#lib/hashing.ts'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './adapter.ts'
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
  /** Whether a verified token was neither revoked nor has lost its grant. */
  isAlive(claims: JWTPayload): Promise<boolean>
  /** Makes a verified token dead, here and at introspection. */
  revoke(claims: JWTPayload): Promise<void>
}

export interface JwtAccessTokensParts {
  artifacts: ArtifactStore
  keySet: KeySet
  issuer: string
  /** Whether an API key is still good, and its owner not banned. */
  isKeyAlive(id: string): Promise<boolean>
}

export function createJwtAccessTokens({
  artifacts,
  keySet,
  issuer,
  isKeyAlive,
}: JwtAccessTokensParts): JwtAccessTokens {
  const keys = createLocalJWKSet({ keys: keySet.publicJwks })
  const options = { issuer, typ: 'at+jwt', requiredClaims: ['exp', 'jti'] }
  return {
    async verify(token) {
      const verified = await jwtVerify(token, keys, options).catch(() => undefined)
      return verified?.payload
    },
    async isAlive({ jti, [grantClaim]: grantId, [apiKeyClaim]: keyId }) {
      const [revoked, grant, hasKey] = await Promise.all([
        artifacts.find('RevokedToken', sha256(String(jti))),
        typeof grantId === 'string' ? artifacts.find('Grant', artifactKey(grantId)) : true,
        typeof keyId === 'string' ? isKeyAlive(keyId) : true,
      ])
      return revoked === undefined && grant !== undefined && hasKey
    },
    async revoke({ jti, exp }) {
      const expiresAt = exp! * 1000
      await artifacts.put('RevokedToken', sha256(String(jti)), { payload: '', expiresAt })
    },
  }
}
