import test from 'ava'
import { createBrowser, type Browser } from '../support/browser.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

async function signIn(
  fixture: Fixture,
  path: string,
): Promise<{ browser: Browser; person: Person }> {
  const person = await fixture.addUser()
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(fixture.issuer + path)
  await login.submit('/login', { identifier: person.email, password: person.password })
  return { browser, person }
}

onStorages(
  'who opens a page signs in, comes back to it and saves the profile',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const browser = createBrowser(fixture.issuer)
    const login = await browser.open(`${fixture.issuer}/account?done=profile`)
    t.regex(login.url.pathname, /^\/interaction\//)
    const page = await login.submit('/login', {
      identifier: person.email,
      password: person.password,
    })
    t.is(page.url.pathname + page.url.search, '/account?done=profile')
    t.true(page.text.includes(person.email))
    const saved = await page.submit('/account', { nickname: '雨面 👩‍👩‍👧', phone: '+86 138-0013-8000' })
    t.is(saved.status, 200)
    t.true(saved.text.includes('Profile saved.'))
    t.like(await fixture.storage.users.findById(person.id), {
      nickname: '雨面 👩‍👩‍👧',
      phone: '+8613800138000',
    })
  },
)

test('what is wrong stands beside its field, and what was typed stays', async (t) => {
  const fixture = await start(t)
  const { browser, person } = await signIn(fixture, '/account')
  const page = await browser.open(`${fixture.issuer}/account`)
  const retry = await page.submit('/account', {
    nickname: 'Wei',
    username: 'no spaces',
    phone: '12',
  })
  t.is(retry.status, 422)
  t.is(retry.root.querySelector('#username')?.getAttribute('value'), 'no spaces')
  t.truthy(retry.root.querySelector('#username-error'))
  t.truthy(retry.root.querySelector('#phone-error'))
  t.is((await fixture.storage.users.findById(person.id))?.nickname, undefined)
})

test('a page works below the path of the issuer', async (t) => {
  const fixture = await start(t, { path: '/sso' })
  const { browser } = await signIn(fixture, '/account')
  const page = await browser.open(`${fixture.issuer}/account`)
  const saved = await page.submit('/account', { nickname: 'Wei' })
  t.is(saved.url.pathname, '/sso/account')
  t.true(saved.text.includes('Profile saved.'))
})

test('what is limited in the API is limited on its page too', async (t) => {
  const fixture = await start(t, { env: { REQUESTS_PER_MINUTE: '4' } })
  // The sign-in counts as the first.
  const { browser, person } = await signIn(fixture, '/account')
  const page = await browser.open(`${fixture.issuer}/account/security`)
  const change = (current_password: string) =>
    page.submit('/account/security/password', {
      current_password,
      new_password: 'another long pass phrase',
    })
  for (let n = 0; n < 3; n++) t.notRegex((await change('wrong')).text, /Too many requests/)
  const before = await fixture.storage.users.findPasswordHash(person.id)
  const refused = await change(person.password)
  t.is(refused.status, 422)
  t.regex(refused.text, /Too many requests/)
  t.is(await fixture.storage.users.findPasswordHash(person.id), before)
})

test('the way back is ours alone', async (t) => {
  const fixture = await start(t)
  const { browser } = await signIn(fixture, '/account')
  for (const state of ['', 'a.b', `${Buffer.from('//evil.example').toString('base64url')}.x`]) {
    const page = await browser.open(
      `${fixture.issuer}/signed-in?${new URLSearchParams({ state }).toString()}`,
    )
    t.is(page.status, 400)
  }
})
