import test from 'ava'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as oidc from 'openid-client'
import { sha256 } from '#lib/hashing.ts'
import { newId, newSecret } from '#lib/ids.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { machine, post, refusal } from './journeys.ts'

const execute = [oidc.allowInsecureRequests]

const discover = (fixture: Fixture, id: string, auth: oidc.ClientAuth) =>
  oidc.discovery(new URL(fixture.issuer), id, undefined, auth, { execute })

async function keyClient(fixture: Fixture) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const { id } = await fixture.addClient({
    ...machine,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] },
  })
  await fixture.storage.clients.put({
    ...(await fixture.storage.clients.find(id))!,
    secretHashes: [],
  })
  const assertion = (claims: Record<string, unknown>, key = privateKey) =>
    new SignJWT({ iss: id, sub: id, aud: fixture.issuer, jti: newId(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key)
  return { id, privateKey, assertion }
}

const withAssertion = (fixture: Fixture, client_assertion: string) =>
  fetch(`${fixture.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }),
  })

onStorages(
  'a client authenticates with its own key, and an assertion is good once',
  async (t, begin) => {
    const fixture = await begin()
    const { id, privateKey, assertion } = await keyClient(fixture)
    const auth = oidc.PrivateKeyJwt({ key: privateKey, kid: 'k1' })
    const config = await discover(fixture, id, auth)
    t.truthy((await oidc.clientCredentialsGrant(config)).access_token)

    const once = await assertion({})
    t.is((await withAssertion(fixture, once)).status, 200)
    const again = await withAssertion(fixture, once)
    t.true([400, 401].includes(again.status))
    t.false('access_token' in ((await again.json()) as object))

    const racing = await assertion({})
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => withAssertion(fixture, racing)),
    )
    t.is(answers.filter(({ status }) => status === 200).length, 1)
  },
)

test('an assertion of another key, for another server or past its end is invalid_client', async (t) => {
  const fixture = await start(t)
  const { assertion } = await keyClient(fixture)
  const stranger = await generateKeyPair('ES256')
  for (const wrong of [
    await assertion({}, stranger.privateKey),
    await assertion({ aud: 'https://other.example' }),
    await assertion({ iss: 'somebody' }),
  ]) {
    const response = await withAssertion(fixture, wrong)
    t.is(response.status, 401)
    t.like(await response.json(), { error: 'invalid_client' })
  }
})

test('a secret in the body is as good as one in the header, where the client registered it', async (t) => {
  const fixture = await start(t)
  const { id, secret } = await fixture.addClient({
    ...machine,
    token_endpoint_auth_method: 'client_secret_post',
  })
  const config = await discover(fixture, id, oidc.ClientSecretPost(secret))
  t.truthy((await oidc.clientCredentialsGrant(config)).access_token)
})

onStorages(
  'a wrong secret, no secret and an unknown client are 401 invalid_client',
  async (t, begin) => {
    const fixture = await begin()
    const client = await fixture.addClient(machine)
    const url = `${fixture.issuer}/oauth/token`
    const body = { grant_type: 'client_credentials' }
    for (const who of [
      { id: client.id, secret: 'wrong' },
      { id: client.id, secret: sha256(client.secret!) },
      { id: 'nobody', secret: client.secret },
    ]) {
      const response = await post(url, who, body)
      t.is(response.status, 401)
      t.regex(response.headers.get('www-authenticate') ?? '', /^Basic /)
      t.like(await response.json(), { error: 'invalid_client' })
    }
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ ...body, client_id: client.id }),
    })
    t.is(response.status, 401)
    t.like(await response.json(), { error: 'invalid_client' })
  },
)

onStorages(
  'during a rotation both secrets are good, afterwards only the new one',
  async (t, begin) => {
    const fixture = await begin()
    const { id, secret } = await fixture.addClient(machine)
    const newer = newSecret()
    const { metadata } = (await fixture.storage.clients.find(id))!
    const token = async (value: string) => {
      const config = await discover(fixture, id, oidc.ClientSecretBasic(value))
      return refusal(oidc.clientCredentialsGrant(config))
    }
    await fixture.storage.clients.put({
      id,
      metadata,
      secretHashes: [sha256(newer), sha256(secret!)],
    })
    t.is(await token(secret!), undefined)
    t.is(await token(newer), undefined)
    t.is(await token(`${sha256(newer)} ${sha256(secret!)}`), 'invalid_client')

    await fixture.storage.clients.put({ id, metadata, secretHashes: [sha256(newer)] })
    t.is(await token(secret!), 'invalid_client')
    t.is(await token(newer), undefined)
  },
)

test('an id and a secret with characters that mean something in a form are encoded by the rules', async (t) => {
  const fixture = await start(t)
  const id = 'http://app.example/?a=b&c:d+e%41'
  const secret = 'a:b+c %41&='
  await fixture.storage.clients.put({ id, secretHashes: [sha256(secret)], metadata: machine })
  const config = await discover(fixture, id, oidc.ClientSecretBasic(secret))
  t.truthy((await oidc.clientCredentialsGrant(config)).access_token)
})
