import test from 'ava'
import { decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import { authorize, createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn } from './journeys.ts'

onStorages('userinfo tells what the scopes release, and no more', async (t, begin) => {
  const fixture = await begin()
  const who = { username: 'lihua', nickname: '李华 🔑', locale: 'zh-CN' }
  const person = await fixture.addUser(who)
  const party = await relyingParty(fixture, await fixture.addClient())
  const claimsFor = async (scope: string) => {
    const pending = await party.begin({ scope })
    const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
    const { access_token } = await pending.redeem(left)
    return oidc.fetchUserInfo(party.config, access_token, person.id)
  }
  t.deepEqual({ ...(await claimsFor('openid')) }, { sub: person.id })
  t.deepEqual(
    { ...(await claimsFor('openid email')) },
    {
      sub: person.id,
      email: person.email,
      email_verified: false,
    },
  )
  const { updated_at, ...profile } = await claimsFor('openid profile')
  t.deepEqual(profile, {
    sub: person.id,
    name: who.nickname,
    nickname: who.nickname,
    preferred_username: who.username,
    locale: who.locale,
  })
  t.true(Math.abs(Number(updated_at) - Date.now() / 1000) < 120)
})

test('the ID token is small: it says who, when and for whom, and leaves the rest to userinfo', async (t) => {
  const fixture = await start(t)
  const { client, person, tokens } = await signedIn(fixture)
  const claims = tokens.claims()!
  t.like(claims, { iss: fixture.issuer, aud: client.id, sub: person.id })
  t.true(claims.exp - claims.iat <= 3600)
  t.false('email' in claims)
  t.is(decodeProtectedHeader(tokens.id_token!).alg, 'RS256')
})

test('userinfo takes the token by GET and POST, and refuses every other one with 401', async (t) => {
  const fixture = await start(t)
  const { person, tokens } = await signedIn(fixture)
  const url = `${fixture.issuer}/oauth/userinfo`
  const authorization = `Bearer ${tokens.access_token}`
  for (const method of ['GET', 'POST']) {
    const response = await fetch(url, { method, headers: { authorization } })
    t.like(await response.json(), { sub: person.id })
  }
  for (const token of ['x', tokens.id_token!, `${tokens.access_token}x`]) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    t.is(response.status, 401)
    t.regex(response.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/)
  }
  const query = await fetch(`${url}?access_token=${tokens.access_token}`)
  t.not(query.status, 200)
})

test('a token for a resource is not one for userinfo', async (t) => {
  const fixture = await start(t)
  const { tokens } = await signedIn(fixture, {
    client: { default_resource: fixture.config.API_RESOURCE },
    request: { scope: 'openid account:read' },
  })
  const response = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  t.is(response.status, 401)
})

test('a client may have its ID tokens and userinfo signed with ES256', async (t) => {
  const fixture = await start(t)
  const { party, person, tokens } = await signedIn(fixture, {
    client: { id_token_signed_response_alg: 'ES256', userinfo_signed_response_alg: 'ES256' },
  })
  t.is(decodeProtectedHeader(tokens.id_token!).alg, 'ES256')
  const response = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  t.regex(response.headers.get('content-type') ?? '', /^application\/jwt/)
  const userinfo = await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
  t.is(userinfo.email, person.email)
})

onStorages('the scope roles tells the roles and what they permit', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const resource = fixture.config.API_RESOURCE
  await fixture.storage.roles.put({
    name: 'merchant',
    permissions: { [resource]: ['account:read'] },
  })
  await fixture.storage.users.update(person.id, { roles: ['merchant', 'gone'] })
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ scope: 'openid roles' })
  const tokens = await pending.redeem(
    await authorize(createBrowser(fixture.issuer), pending.url, person),
  )
  const userinfo = await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
  t.deepEqual(userinfo['roles'], ['gone', 'merchant'])
  t.deepEqual(userinfo['permissions'], ['account:read'])
})
