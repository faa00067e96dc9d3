import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { authorize, createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { onStorages } from '../support/storages.ts'
import { refusal } from './journeys.ts'

onStorages(
  'a person signs in, consents, and the client gets ID token, access token and userinfo',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser({ email: 'li.hua@example.com' })
    const party = await relyingParty(fixture, await fixture.addClient())
    const pending = await party.begin()

    const browser = createBrowser(fixture.issuer)
    const login = await browser.open(pending.url.href)
    t.is(login.status, 200)
    t.regex(login.text, /Sign in/)
    t.regex(login.text, /Acme Notes/)
    const consent = await signIn(login, person)
    t.regex(consent.text, /See your e-mail address/)
    t.regex(consent.text, /client\.example/)
    const { left } = await consent.submit('/consent')
    t.is(left?.searchParams.get('iss'), fixture.issuer)

    const tokens = await pending.redeem(left!)
    const claims = tokens.claims()
    t.is(claims?.sub, person.id)
    t.is(tokens.refresh_token, undefined)
    const userinfo = await oidc.fetchUserInfo(party.config, tokens.access_token, person.id)
    t.is(userinfo.email, 'li.hua@example.com')
    t.is(userinfo.email_verified, false)
  },
)

onStorages(
  'an access token for a resource is a JWT that its JWKS alone verifies',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const resource = fixture.config.API_RESOURCE
    const client = await fixture.addClient({ default_resource: resource })
    const party = await relyingParty(fixture, client)
    const pending = await party.begin({ scope: 'openid account:read' })
    const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
    const { access_token } = await pending.redeem(left)

    const jwks = createRemoteJWKSet(new URL(`${fixture.issuer}/oauth/jwks`))
    const { payload, protectedHeader } = await jwtVerify(access_token, jwks, {
      issuer: fixture.issuer,
      audience: resource,
      typ: 'at+jwt',
    })
    t.is(protectedHeader.alg, 'ES256')
    t.is(payload.sub, person.id)
    t.is(payload['client_id'], client.id)
    t.is(payload['scope'], 'account:read')
  },
)

onStorages(
  'refresh rotates, the old token is answered alike within the grace, and reuse after it revokes',
  async (t, begin) => {
    const clock = { now: Date.now() }
    const fixture = await begin({ env: { REFRESH_GRACE_SECONDS: '2' }, now: () => clock.now })
    const person = await fixture.addUser()
    const party = await relyingParty(fixture, await fixture.addClient())
    const pending = await party.begin({ scope: 'openid offline_access', prompt: 'consent' })
    const left = await authorize(createBrowser(fixture.issuer), pending.url, person)
    const first = (await pending.redeem(left)).refresh_token!
    t.truthy(first)

    const second = await oidc.refreshTokenGrant(party.config, first)
    t.not(second.refresh_token, first)
    const again = await oidc.refreshTokenGrant(party.config, first)
    t.is(again.refresh_token, second.refresh_token)
    t.is(again.access_token, second.access_token)

    clock.now += 2000
    for (const token of [first, second.refresh_token!])
      t.is(await refusal(oidc.refreshTokenGrant(party.config, token)), 'invalid_grant')
  },
)
