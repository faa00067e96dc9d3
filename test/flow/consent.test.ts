import test from 'ava'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { addResource, signedIn } from './journeys.ts'

onStorages('the second time consent asks only for what is new', async (t, begin) => {
  const fixture = await begin()
  const { browser, party, person } = await signedIn(fixture, { request: { scope: 'openid email' } })
  const pending = await party.begin({ scope: 'openid email profile' })
  const consent = await browser.open(pending.url.href)
  t.regex(consent.text, /Acme Notes is asking for more access/)
  t.regex(consent.text, /See your name/)
  t.notRegex(consent.text, /See your e-mail address/)

  const { left } = await consent.submit('/consent')
  const tokens = await pending.redeem(left!)
  t.is(tokens.claims()?.sub, person.id)
  t.deepEqual(tokens.scope?.split(' ').toSorted(), ['email', 'openid', 'profile'])
  const third = await browser.open((await party.begin({ scope: 'openid profile' })).url.href)
  t.truthy(third.left?.searchParams.get('code'))
})

onStorages('a new scope of a resource is asked for, an allowed one is not', async (t, begin) => {
  const fixture = await begin()
  const resource = await addResource(fixture, 'https://notes.example/api')
  const { browser, party } = await signedIn(fixture, {
    request: { scope: 'openid read', resource },
  })
  const same = await browser.open((await party.begin({ scope: 'openid read', resource })).url.href)
  t.truthy(same.left?.searchParams.get('code'))
  const more = await browser.open(
    (await party.begin({ scope: 'openid read write', resource })).url.href,
  )
  t.regex(more.text, /May write/)
  t.notRegex(more.text, /May read/)
})

test('cancelling on the login page or the consent page is access_denied at the client', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  for (const step of ['login', 'consent']) {
    const pending = await party.begin()
    const login = await createBrowser(fixture.issuer).open(pending.url.href)
    const { left } = await (step === 'login' ? login : await signIn(login, person)).submit(
      '/cancel',
    )
    t.is(left?.origin, 'http://client.example')
    t.is(left?.searchParams.get('error'), 'access_denied', step)
    t.is(left?.searchParams.get('state'), pending.state)
    t.is(left?.searchParams.get('iss'), fixture.issuer)
    t.is(left?.searchParams.get('code'), null)
  }
})

test('after a cancelled consent the person is still signed in and is asked again', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin()).url.href)
  await (await signIn(login, person)).submit('/cancel')
  const again = await browser.open((await party.begin()).url.href)
  t.regex(again.text, /wants to use your account/)
})

test('prompt=consent asks again and shows all that is requested', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const pending = await party.begin({ prompt: 'consent' })
  const consent = await browser.open(pending.url.href)
  t.regex(consent.text, /See your name.*See your e-mail address/)
  const { left } = await consent.submit('/consent')
  t.truthy((await pending.redeem(left!)).access_token)
})

test('offline_access is told on the consent page', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const pending = await party.begin({ scope: 'openid offline_access', prompt: 'consent' })
  t.regex((await browser.open(pending.url.href)).text, /keeps this access while you are away/)
})

onStorages('a first-party client’s people see no consent page', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const resource = fixture.config.API_RESOURCE
  const party = await relyingParty(fixture, await fixture.addClient({ first_party: true }))
  const pending = await party.begin({ scope: 'openid email account:read', resource })
  const login = await createBrowser(fixture.issuer).open(pending.url.href)
  const { left } = await signIn(login, person)
  const tokens = await pending.redeem(left!, { resource })
  t.is(tokens.scope, 'account:read')
  t.truthy(tokens.refresh_token)
})

test('a claim that is asked for by itself is told before it is given', async (t) => {
  const fixture = await start(t)
  const { browser, party, person } = await signedIn(fixture, { request: { scope: 'openid' } })
  const claims = JSON.stringify({ userinfo: { email: { essential: true } } })
  const pending = await party.begin({ scope: 'openid', claims })
  const consent = await browser.open(pending.url.href)
  t.regex(consent.text, /See your e-mail address/)
  const { left } = await consent.submit('/consent')
  const { access_token: token } = await pending.redeem(left!)
  const userinfo = await fetch(`${fixture.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  })
  t.like(await userinfo.json(), { email: person.email })
})
