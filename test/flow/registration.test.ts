import test from 'ava'
import { createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const account = { email: 'xiao.ming@example.com', password: 'a fine long pass phrase' }

onStorages('prompt=create makes an account that is signed in at once', async (t, begin) => {
  const fixture = await begin()
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ prompt: 'create' })
  const browser = createBrowser(fixture.issuer)
  const form = await browser.open(pending.url.href)
  t.regex(form.text, /Create an account/)
  const consent = await form.submit('/register', {
    ...account,
    username: 'xiaoming',
    nickname: '小明',
  })
  t.regex(consent.text, /小明/)
  const { left } = await consent.submit('/consent')
  const claims = (await pending.redeem(left!)).claims()
  const user = await fixture.storage.users.findByIdentifier('XIAOMING')
  t.is(claims?.sub, user?.id)
  t.like(user, { email: account.email, nickname: '小明', emailVerified: false, roles: [] })
})

test('the login page leads to registration and back', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin()).url.href)
  const link = login.root.querySelector('a[href$="/register"]')!.getAttribute('href')!
  const form = await browser.open(link)
  const back = form.root.querySelector('a[href$="/login"]')!.getAttribute('href')!
  t.truthy((await browser.open(back)).root.querySelector('[name=identifier]'))

  const consent = await form.submit('/register', account)
  const { left } = await consent.submit('/consent')
  t.truthy(left?.searchParams.get('code'))
})

test('every problem of a registration is told at once, and what was typed stays', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const form = await createBrowser(fixture.issuer).open(
    (await party.begin({ prompt: 'create' })).url.href,
  )
  const given = { email: 'nope', username: 'a b', nickname: 'x'.repeat(65), password: 'short' }
  const again = await form.submit('/register', given)
  t.is(again.status, 422)
  for (const sentence of [
    /Enter an e-mail address like/,
    /Use 3 to 32 letters/,
    /Use a name of at most 64/,
    /This password is too short/,
  ]) {
    t.regex(again.text, sentence)
  }
  t.is(again.root.querySelector('[name=email]')?.getAttribute('value'), 'nope')
  t.is(again.root.querySelector('[name=username]')?.getAttribute('value'), 'a b')
  t.falsy(again.root.querySelector('[name=password]')?.getAttribute('value'))
})

onStorages('a taken e-mail or username is told, whatever its case', async (t, begin) => {
  const fixture = await begin()
  await fixture.addUser({ ...account, username: 'xiaoming' })
  const party = await relyingParty(fixture, await fixture.addClient())
  const form = await createBrowser(fixture.issuer).open(
    (await party.begin({ prompt: 'create' })).url.href,
  )
  const email = await form.submit('/register', { ...account, email: 'Xiao.Ming@Example.com' })
  t.is(email.status, 422)
  t.regex(email.text, /already has an account/)
  const username = await form.submit('/register', {
    ...account,
    email: 'other@example.com',
    username: 'XiaoMing',
  })
  t.regex(username.text, /This username is taken/)
})

test('where registration is closed there is no form, no link and no route', async (t) => {
  const fixture = await start(t, { env: { REGISTRATION: 'closed' } })
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const page = await browser.open((await party.begin({ prompt: 'create' })).url.href)
  t.truthy(page.root.querySelector('[name=identifier]'))
  t.is(page.root.querySelector('a[href$="/register"]'), null)
  const form = await browser.open(`${page.url.pathname}/register`)
  t.is(form.root.querySelector('[name=email]'), null)

  const csrf = page.root.querySelector('[name=csrf]')!.getAttribute('value')!
  const response = await fetch(`${page.url.href}/register`, {
    method: 'POST',
    headers: { cookie: await browser.jar.getCookieString(page.url.href) },
    body: new URLSearchParams({ ...account, csrf }),
  })
  t.is(response.status, 403)
  t.is(await fixture.storage.users.findByIdentifier(account.email), undefined)
})
