import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { newId } from '#lib/ids.ts'
import { machine } from '../flow/journeys.ts'
import * as oidc from 'openid-client'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
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

/** One person signs in at a client for each URL, and out of all of them at once; resolves to what the log says of it. */
export async function signOut(fixture: Fixture, uris: readonly string[]): Promise<string[]> {
  const person = await fixture.addUser()
  const browser = createBrowser(fixture.issuer)
  let end: URL | undefined
  for (const backchannel_logout_uri of uris) {
    const client = await fixture.addClient({ backchannel_logout_uri, first_party: true })
    const { config, begin: ask } = await relyingParty(fixture, client)
    const pending = await ask()
    const { id_token } = await pending.redeem(await authorize(browser, pending.url, person))
    end = oidc.buildEndSessionUrl(config, { id_token_hint: id_token! })
  }
  await (await browser.open(end!.href)).submit('op.logoutForm', { logout: 'yes' })
  return fixture.logLines.filter((line) => line.includes('back-channel logout failed'))
}
