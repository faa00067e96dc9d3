import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { newId } from '#lib/ids.ts'
import { machine } from '../flow/journeys.ts'
import { callback, type Fixture } from '../support/start.ts'

/** Makes the server fetch what a client has registered; each resolves to the status of the answer. */
const { privateKey, publicKey } = await generateKeyPair('ES256')

/** The key set of the client that `readKeys` registers. */
export const keySet = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' }] }

/** A `jwks_uri` is read to authenticate the client. */
export async function readKeys({ issuer, addClient }: Fixture, jwks_uri: string): Promise<number> {
  const method = { token_endpoint_auth_method: 'private_key_jwt' }
  const { id } = await addClient({ ...machine, ...method, jwks_uri })
  const assertion = await new SignJWT({ iss: id, sub: id, aud: issuer, jti: newId() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey)
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }),
  })
  return answer.status
}

/** A `sector_identifier_uri` is read when the client is loaded. */
export async function readSector({ issuer, addClient }: Fixture, uri: string): Promise<number> {
  const { id } = await addClient({ sector_identifier_uri: uri })
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: callback,
    response_type: 'code',
  })
  const answer = await fetch(`${issuer}/oauth/authorize?${query.toString()}`, {
    redirect: 'manual',
  })
  return answer.status
}
