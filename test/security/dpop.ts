import { createHash, randomUUID } from 'node:crypto'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'

/** A proof of possession (RFC 9449 §4.2) for one request. */
export type MakeProof = (url: string, options?: ProofOptions) => Promise<string>

interface ProofOptions {
  method?: string
  /** The access token that the proof goes with. */
  token?: string
}

/** Proofs with a key of their own. */
export async function createProver(): Promise<MakeProof> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return (url, { method = 'POST', token } = {}) =>
    new SignJWT({
      htm: method,
      htu: url,
      ...(token ? { ath: createHash('sha256').update(token).digest('base64url') } : {}),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(privateKey)
}
