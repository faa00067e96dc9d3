import test from 'ava'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { signedIn } from './journeys.ts'

test('max_age=0 asks for the password each time, once', async (t) => {
  const fixture = await start(t)
  const { browser, party, person } = await signedIn(fixture)
  const pending = await party.begin({ max_age: '0' })
  const login = await browser.open(pending.url.href)
  t.truthy(login.root.querySelector('[name=password]'))
  const { left } = await signIn(login, person)
  t.truthy((await pending.redeem(left!)).claims()?.['auth_time'])
})

test('several prompts at once are asked one after the other, each once', async (t) => {
  const fixture = await start(t)
  const { browser, party, person } = await signedIn(fixture)
  const pending = await party.begin({ prompt: 'login consent' })
  const login = await browser.open(pending.url.href)
  t.truthy(login.root.querySelector('[name=password]'))
  const consent = await signIn(login, person)
  const { left } = await consent.submit('/consent')
  t.is((await pending.redeem(left!)).claims()?.sub, person.id)

  const chosen = await party.begin({ prompt: 'select_account consent' })
  const select = await browser.open(chosen.url.href)
  const again = await select.submit('/continue')
  const last = await again.submit('/consent')
  t.is((await chosen.redeem(last.left!)).claims()?.sub, person.id)
})

test('prompt=none together with another prompt is invalid_request, an unknown prompt too', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  for (const prompt of ['none login', 'dance']) {
    const { left } = await createBrowser(fixture.issuer).open(
      (await party.begin({ prompt })).url.href,
    )
    t.is(left?.searchParams.get('error'), 'invalid_request', prompt)
  }
})

test('who is signed in and makes another account goes on as the new one', async (t) => {
  const fixture = await start(t)
  const { browser, party, person } = await signedIn(fixture)
  const pending = await party.begin({ prompt: 'create' })
  const form = await browser.open(pending.url.href)
  const change = await form.submit('/register', {
    email: 'second@example.com',
    password: 'a fine long pass phrase',
  })
  const consent = await change.submit('/oauth/logout/confirm')
  t.true(consent.text.includes('second@example.com'))
  const { left } = await consent.submit('/consent')
  const { sub } = (await pending.redeem(left!)).claims()!
  t.not(sub, person.id)
  const second = await fixture.storage.users.findByIdentifier('second@example.com')
  t.is(sub, second!.id)
})

test('a login on an interaction that asked for an account instead is accepted too', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ prompt: 'create' })
  const browser = createBrowser(fixture.issuer)
  const form = await browser.open(pending.url.href)
  const login = await browser.open(
    form.root.querySelector('a[href$="/login"]')!.getAttribute('href')!,
  )
  const consent = await signIn(login, person)
  const { left } = await consent.submit('/consent')
  t.is((await pending.redeem(left!)).claims()?.sub, person.id)
})

test('two authorizations in two tabs of one browser both end well', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const [one, two] = [await party.begin(), await party.begin()]
  const first = await browser.open(one.url.href)
  const second = await browser.open(two.url.href)
  const consent = await signIn(first, person)
  const done = await consent.submit('/consent')
  t.is((await one.redeem(done.left!)).claims()?.sub, person.id)

  let page = await signIn(second, person)
  if (!page.left) page = await page.submit('/consent')
  t.is((await two.redeem(page.left!)).claims()?.sub, person.id)
})
