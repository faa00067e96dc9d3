import test from 'ava'
import { apiOf } from '../support/api.ts'
import { openInbox } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { phone, signIn } from './person.ts'

const path = '/account/security'
const next = 'another long pass phrase'

onStorages(
  'a changed password ends every other sign-in and keeps this browser’s',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser()
    const other = await signIn(fixture, person, { agent: phone })
    const { access_token: token } = await apiOf(fixture).login(person)
    const { page, browser } = await signIn(fixture, person, { path })

    const wrong = await page.submit(`${path}/password`, {
      current_password: 'not the one',
      new_password: next,
    })
    t.is(wrong.status, 422)
    t.truthy(wrong.root.querySelector('#current_password-error'))
    const weak = await page.submit(`${path}/password`, {
      current_password: person.password,
      new_password: 'password',
    })
    t.truthy(weak.root.querySelector('#new_password-error'))

    const done = await page.submit(`${path}/password`, {
      current_password: person.password,
      new_password: next,
    })
    t.true(done.text.includes('Password changed.'))
    t.is((await browser.open(`${fixture.issuer}/account`)).url.pathname, '/account')
    t.regex((await other.browser.open(`${fixture.issuer}/account`)).url.pathname, /^\/interaction/)
    t.is((await apiOf(fixture).call('GET', '/users/me', { token })).status, 401)
    t.deepEqual((await inbox.waitFor(/password was changed/)).to, [person.email])
    await apiOf(fixture).login({ ...person, password: next })
  },
)

test('anyone who has no password sets one, and needs none for it', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const { browser } = await signIn(fixture, person, { path })
  await fixture.storage.users.setPasswordHash(person.id, undefined)
  const page = await browser.open(fixture.issuer + path)
  t.is(page.root.querySelector('input[name=current_password]'), null)
  const set = await browser.open(`${fixture.issuer}${path}/set-password`)
  t.is((await set.submit('/set-password', { new_password: 'abc' })).status, 422)
  const done = await set.submit('/set-password', { new_password: next })
  t.true(done.text.includes('Password set.'))
  await apiOf(fixture).login({ ...person, password: next })
  const again = await set.submit('/set-password', { new_password: person.password })
  t.is(again.status, 422)
  await apiOf(fixture).login({ ...person, password: next })
})
