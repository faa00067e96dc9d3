import { onStorages } from '../support/storages.ts'
import { createBrowser, type Browser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'

/** A browser in which someone with the role `admin` is signed in. */
async function administrator(fixture: Fixture): Promise<Browser> {
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { roles: ['admin'] })
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(`${fixture.issuer}/console/users`)
  await login.submit('/login', { identifier: person.email, password: person.password })
  return browser
}

onStorages('an administrator finds a person, changes, bans and deletes them', async (t, begin) => {
  const fixture = await begin({ env: { REQUESTS_PER_MINUTE: '0' } })
  const browser = await administrator(fixture)
  const { id, email, password } = await fixture.addUser()
  const list = await browser.open(`${fixture.issuer}/console/users?q=${email.slice(0, 12)}`)
  t.is(list.root.querySelectorAll(`a[href$="${id}"]`).length, 1)
  const at = `/console/users/${id}`
  const page = await browser.open(fixture.issuer + at)

  const saved = await page.submit(at, { nickname: '雨面', 'role:admin': 'yes' })
  t.true(saved.text.includes('Saved.'))
  t.like(await fixture.storage.users.findById(id), { nickname: '雨面', roles: ['admin'], email })

  const banned = await saved.submit(`${at}/ban`, { reason: 'spam' })
  t.true(banned.text.includes('User banned.'))
  const visitor = await createBrowser(fixture.issuer).open(`${fixture.issuer}/account`)
  const refused = await visitor.submit('/login', { identifier: email, password })
  t.is(refused.status, 422)
  t.true((await banned.submit(`${at}/unban`)).text.includes('User unbanned.'))

  const unsure = await banned.submit(`${at}/delete`, { confirm: 'somebody' })
  t.is(unsure.status, 422)
  t.truthy(await fixture.storage.users.findById(id))
  const gone = await unsure.submit(`${at}/delete`, { confirm: email })
  t.is(gone.url.pathname, '/console/users')
  t.is(await fixture.storage.users.findById(id), undefined)
})

onStorages(
  'an administrator makes a user, and is told what is wrong with one',
  async (t, begin) => {
    const fixture = await begin({ env: { REQUESTS_PER_MINUTE: '0' } })
    const browser = await administrator(fixture)
    const taken = await fixture.addUser()
    const page = await browser.open(`${fixture.issuer}/console/users/new`)
    const refused = await page.submit('/console/users/new', { email: taken.email })
    t.is(refused.status, 422)
    t.truthy(refused.root.querySelector('.problems'))
    const made = await refused.submit('/console/users/new', { email: 'new@example.com' })
    t.true(made.text.includes('User created.'))
    t.truthy(await fixture.storage.users.findByIdentifier('new@example.com'))
  },
)
