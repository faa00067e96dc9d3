import { apiOf } from '../support/api.ts'
import { onStorages } from '../support/storages.ts'
import { phone, rowsOf, signIn } from './person.ts'

const path = '/account/sessions'

onStorages(
  'a person sees where they are signed in, ends one sign-in, then every other',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const far = await signIn(fixture, person, { agent: phone })
    const api = apiOf(fixture)
    const { access_token: token } = await api.login(person)
    const { page, browser } = await signIn(fixture, person, { path })
    const rows = rowsOf(page)
    t.is(rows.length, 3)
    const own = rows.find((row) => row.startsWith('Chrome on Windows')) ?? ''
    t.regex(own, /This device.*127\.0\.0\.1.*Last seen/)
    t.true(rows.some((row) => /^Safari on iOS.*Sign out$/.test(row)))
    t.true(rows.some((row) => /^node.*In Yumen.*Sign out$/.test(row)))

    const phoneRow = page.root
      .querySelectorAll('.rows li')
      .find((row) => row.textContent.includes('Safari on iOS'))
    const session = phoneRow?.querySelector('input[name=session]')?.getAttribute('value') ?? ''
    const ended = await page.submit(`${path}/end`, { session })
    t.is(rowsOf(ended).length, 2)
    t.regex((await far.browser.open(`${fixture.issuer}/account`)).url.pathname, /^\/interaction/)
    t.is((await page.submit(`${path}/end`, { session })).status, 200)

    const alone = await ended.submit(`${path}/end-others`)
    t.is(rowsOf(alone).length, 1)
    t.true(alone.text.includes('You are not signed in anywhere else.'))
    t.is((await api.call('GET', '/users/me', { token })).status, 401)
    t.is((await browser.open(fixture.issuer + path)).url.pathname, path)
  },
)

onStorages('a token ends every sign-in but its own', async (t, begin) => {
  const fixture = await begin()
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const { access_token: other } = await api.login(person)
  const { browser } = await signIn(fixture, person)
  const { body } = await api.call('GET', '/users/me/sessions', { token })
  t.is(body.sessions.filter((one: { is_current: boolean }) => one.is_current).length, 1)
  const answer = await api.call('DELETE', '/users/me/sessions?except=current', { token })
  t.is(answer.status, 204)
  t.is((await api.call('GET', '/users/me', { token })).status, 200)
  t.is((await api.call('GET', '/users/me', { token: other })).status, 401)
  t.regex((await browser.open(`${fixture.issuer}/account`)).url.pathname, /^\/interaction/)
})
