import test from 'ava'
import { createBrowser, signIn } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signedIn } from './journeys.ts'

test('prompt=select_account shows who is signed in, and continuing is enough', async (t) => {
  const fixture = await start(t)
  const { browser, party, person } = await signedIn(fixture)
  const pending = await party.begin({ prompt: 'select_account' })
  const page = await browser.open(pending.url.href)
  t.regex(page.text, /Continue with this account\?/)
  t.true(page.text.includes(person.email))
  const { left } = await page.submit('/continue')
  t.is((await pending.redeem(left!)).claims()?.sub, person.id)
})

onStorages('prompt=select_account lets another person sign in', async (t, begin) => {
  const fixture = await begin()
  const { browser, party, person } = await signedIn(fixture)
  const other = await fixture.addUser()
  const pending = await party.begin({ prompt: 'select_account' })
  const page = await browser.open(pending.url.href)
  const href = page.root.querySelector('a.button.secondary')!.getAttribute('href')!
  const login = await browser.open(href)
  t.regex(login.text, /Sign in/)

  // The engine signs the first person out everywhere; its page posts itself where scripts run, else by a button.
  const change = await signIn(login, other)
  const consent = await change.submit('/oauth/logout/confirm')
  t.true(consent.text.includes(other.email))
  const { left } = await consent.submit('/consent')
  const tokens = await pending.redeem(left!)
  t.is(tokens.claims()?.sub, other.id)
  t.not(tokens.claims()?.sub, person.id)

  const silent = await browser.open((await party.begin({ prompt: 'none' })).url.href)
  t.truthy(silent.left?.searchParams.get('code'))
})

test('prompt=select_account without a session is the login page', async (t) => {
  const fixture = await start(t)
  const { party } = await signedIn(fixture)
  const pending = await party.begin({ prompt: 'select_account' })
  const page = await createBrowser(fixture.issuer).open(pending.url.href)
  t.is(page.left, undefined)
  t.truthy(page.root.querySelector('[name=password]'))
})

test('the answer of one prompt cannot be posted to another', async (t) => {
  const fixture = await start(t)
  const { browser, party } = await signedIn(fixture)
  const page = await browser.open((await party.begin({ prompt: 'consent' })).url.href)
  const csrf = page.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const cookie = await browser.jar.getCookieString(page.url.href)
  const response = await fetch(`${page.url.origin}${page.url.pathname}/continue`, {
    method: 'POST',
    body: new URLSearchParams({ csrf }),
    headers: { cookie, origin: fixture.issuer, accept: 'text/html' },
    redirect: 'manual',
  })
  t.is(response.status, 400)
})
