import test from 'ava'
import { decodeJwt, exportJWK, SignJWT } from 'jose'
import * as oidc from 'openid-client'
import { newId } from '#lib/ids.ts'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { callback, start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { portOf } from './instances.ts'
import { introspect, offline, refusal, send } from './journeys.ts'

async function begun(
  fixture: Fixture,
  request: Record<string, string>,
  metadata: Record<string, unknown> = {},
) {
  const person = await fixture.addUser()
  const client = await fixture.addClient(metadata)
  const party = await relyingParty(fixture, client)
  const pending = await party.begin(request)
  const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
  const keyPair = await oidc.randomDPoPKeyPair('ES256')
  const DPoP = oidc.getDPoPHandle(party.config, keyPair)
  return { person, client, party, pending, left, DPoP }
}

onStorages(
  'tokens bound to a key work with its proofs: code, userinfo, refresh',
  async (t, begin) => {
    const fixture = await begin()
    const { person, client, party, pending, left, DPoP } = await begun(
      fixture,
      { ...offline, scope: 'openid email offline_access' },
      { token_endpoint_auth_method: 'none' },
    )
    const tokens = await pending.redeem(left, {}, { DPoP })
    t.is(tokens.token_type, 'dpop')
    const userinfo = await oidc.fetchUserInfo(party.config, tokens.access_token, person.id, {
      DPoP,
    })
    t.is(userinfo.email, person.email)
    const next = await oidc.refreshTokenGrant(party.config, tokens.refresh_token!, {}, { DPoP })
    t.is(next.token_type, 'dpop')

    const stolen = await fetch(`${fixture.issuer}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${next.access_token}` },
    })
    t.is(stolen.status, 401)
    const other = oidc.getDPoPHandle(party.config, await oidc.randomDPoPKeyPair('ES256'))
    const refreshed = oidc.refreshTokenGrant(party.config, next.refresh_token!, {}, { DPoP: other })
    t.is(await refusal(refreshed), 'invalid_grant')
    t.is(await refusal(oidc.refreshTokenGrant(party.config, next.refresh_token!)), 'invalid_grant')
    t.truthy(client.id)
  },
)

onStorages('a JWT for a resource carries the thumbprint of the key', async (t, begin) => {
  const fixture = await begin()
  const { client, pending, left, DPoP } = await begun(
    fixture,
    { scope: 'openid account:read' },
    { default_resource: fixture.config.API_RESOURCE },
  )
  const tokens = await pending.redeem(left, {}, { DPoP })
  const { cnf } = decodeJwt(tokens.access_token)
  t.is((cnf as { jkt: string }).jkt, await DPoP.calculateThumbprint())
  const answer = await introspect(fixture, client, tokens.access_token)
  t.like(answer, { active: true, token_type: 'DPoP' })
  t.deepEqual(answer['cnf'], cnf)
})

test('within the grace another key that presents a spent token gets nothing', async (t) => {
  const fixture = await start(t)
  // Of a confidential client the refresh token itself is bound to no key (RFC 9449 §5).
  for (const metadata of [{ token_endpoint_auth_method: 'none' }, {}]) {
    const { party, pending, left, DPoP } = await begun(fixture, offline, metadata)
    const tokens = await pending.redeem(left, {}, { DPoP })
    const spent = tokens.refresh_token!
    const second = await oidc.refreshTokenGrant(party.config, spent, {}, { DPoP })
    const other = oidc.getDPoPHandle(party.config, await oidc.randomDPoPKeyPair('ES256'))
    t.is(
      await refusal(oidc.refreshTokenGrant(party.config, spent, {}, { DPoP: other })),
      'invalid_grant',
    )
    const again = await oidc.refreshTokenGrant(party.config, spent, {}, { DPoP })
    t.is(again.access_token, second.access_token)
  }
})

test('a client that must prove possession is refused without a proof', async (t) => {
  const fixture = await start(t)
  const { pending, left } = await begun(
    fixture,
    { scope: 'openid' },
    { dpop_bound_access_tokens: true },
  )
  t.is(await refusal(pending.redeem(left)), 'invalid_grant')
})

onStorages(
  'a proof that was used once is refused, however many use it at once',
  async (t, begin) => {
    const fixture = await begin()
    const { party, left, pending, DPoP } = await begun(fixture, { scope: 'openid' })
    const tokens = await pending.redeem(left, {}, { DPoP })
    let proof = ''
    party.config[oidc.customFetch] = (url, init) => {
      proof = new Headers(init.headers).get('dpop')!
      return fetch(url, init as RequestInit)
    }
    await oidc.fetchUserInfo(party.config, tokens.access_token, oidc.skipSubjectCheck, { DPoP })
    const replay = () =>
      fetch(`${fixture.issuer}/oauth/userinfo`, {
        headers: { authorization: `DPoP ${tokens.access_token}`, dpop: proof },
      })
    t.truthy(proof)
    const answers = await Promise.all([replay(), replay(), replay()])
    t.true(answers.every(({ status }) => status === 401 || status === 400))
  },
)

test('a nonce of one instance is good at the other', async (t) => {
  const fixture = await start(t)
  const beside = await start(t, { beside: fixture })
  const { party, left, pending, DPoP } = await begun(fixture, { scope: 'openid' })
  const tokens = await pending.redeem(left, {}, { DPoP })
  const nonces: unknown[] = []
  const statuses: number[] = []
  party.config[oidc.customFetch] = async (url, init) => {
    const at = statuses.length % 2 === 0 ? portOf(beside) : fixture.issuer
    nonces.push(decodeJwt(new Headers(init.headers).get('dpop')!)['nonce'])
    const response = await fetch(url.replace(fixture.issuer, at), init as RequestInit)
    statuses.push(response.status)
    return response
  }
  for (let i = 0; i < 4; i += 1) {
    await oidc.fetchUserInfo(party.config, tokens.access_token, oidc.skipSubjectCheck, { DPoP })
  }
  t.true(nonces.every((nonce) => typeof nonce === 'string'))
  t.deepEqual(statuses, [200, 200, 200, 200])
})

test('a nonce that no instance gave is answered with use_dpop_nonce and one that is good', async (t) => {
  const fixture = await start(t)
  const { client, left, pending } = await begun(fixture, { scope: 'openid' })
  const keys = await oidc.randomDPoPKeyPair('ES256')
  const jwk = await exportJWK(keys.publicKey)
  const url = `${fixture.issuer}/oauth/token`
  const redeem = async (nonce: string): Promise<Response> => {
    const dpop = await new SignJWT({ jti: newId(), htm: 'POST', htu: url, nonce })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(keys.privateKey)
    const body = {
      grant_type: 'authorization_code',
      code: left.searchParams.get('code')!,
      redirect_uri: callback,
      code_verifier: pending.verifier,
    }
    return send(url, client, { body, headers: { dpop } })
  }
  const refused = await redeem('made-up')
  t.is(refused.status, 400)
  t.like(await refused.json(), { error: 'use_dpop_nonce' })
  const accepted = await redeem(refused.headers.get('dpop-nonce')!)
  t.is(accepted.status, 200)
  t.like(await accepted.json(), { token_type: 'DPoP' })
})
