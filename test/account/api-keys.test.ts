import test from 'ava'
import { apiOf } from '../support/api.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { rowsOf, signIn } from './person.ts'

const path = '/account/api-keys'

onStorages('a person makes a key, sees it once, and revokes it', async (t, begin) => {
  const fixture = await begin()
  const { page, browser } = await signIn(fixture, await fixture.addUser(), { path })
  t.true(page.text.includes('You have no API keys.'))
  t.false(page.text.includes('admin:'))
  const made = await page.submit(path, {
    name: '备份脚本',
    'scope:account:read': 'yes',
    expiry: '30',
  })
  const key = /uak_[\w-]{65}/.exec(made.html)?.[0] ?? ''
  t.regex(key, /^uak_/)
  const me = () => apiOf(fixture).call('GET', '/users/me', { headers: { 'x-api-key': key } })
  t.is((await me()).status, 200)

  const listed = await browser.open(fixture.issuer + path)
  t.false(listed.html.includes(key))
  t.regex(
    rowsOf(listed)[0] ?? '',
    /^备份脚本.*Read your profile and settings ?Created .*Last used .*Expires /,
  )
  const { api_keys: keys } = (
    await apiOf(fixture).call('GET', '/users/api-keys', { headers: { 'x-api-key': key } })
  ).body
  t.deepEqual(keys[0].scopes, ['account:read'])
  const days = (Date.parse(keys[0].expires_at) - Date.now()) / 86_400_000
  t.true(days > 29.9 && days <= 30)

  const revoked = await listed.submit(`${path}/revoke`)
  t.true(revoked.text.includes('API key revoked.'))
  t.is((await me()).status, 401)
})

test('a key needs a name, and cannot be given what its owner may not do', async (t) => {
  const fixture = await start(t)
  const { page } = await signIn(fixture, await fixture.addUser(), { path })
  const nameless = await page.submit(path, {
    name: ' ',
    'scope:account:read': 'yes',
    expiry: '365',
  })
  t.is(nameless.status, 422)
  t.truthy(nameless.root.querySelector('[id$=name-error]'))
  t.is(nameless.root.querySelector('option[selected]')?.getAttribute('value'), '365')
  t.not(
    nameless.root.querySelector('[name="scope:account:read"]')?.getAttribute('checked'),
    undefined,
  )
  const greedy = await page.submit(path, { name: 'x', 'scope:admin:users': 'yes', expiry: 'never' })
  t.is(greedy.status, 422)
  const odd = await page.submit(path, { name: 'x', expiry: 'constructor' })
  t.is(odd.status, 200)
})
