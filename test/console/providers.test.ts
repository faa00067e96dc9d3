import { onStorages } from '../support/storages.ts'
import type { Page } from '../support/browser.ts'
import { administrator, codeOf } from './administrator.ts'

const fieldsOf = (page: Page): (string | undefined)[] =>
  page.root
    .querySelectorAll('.box form input, .box form textarea, .box form select')
    .map((field) => field.getAttribute('name'))
    .filter((name) => name !== 'csrf' && name !== 'kind' && name !== 'confirm')

const where = 'Register the callback URL'
const list = '/console/providers'
const newOne = `${list}/new`

onStorages(
  'an administrator adds a provider, changes it with and without its secret, and deletes it',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    t.true((await open(list)).text.includes('No providers yet'))
    const form = await open(`${newOne}?kind=oidc`)
    t.deepEqual(fieldsOf(form), ['id', 'name', 'issuer', 'client_id', 'client_secret'])
    t.is(form.root.querySelector('[name=client_secret]')?.getAttribute('type'), 'password')
    const typed = {
      id: 'Acme!',
      name: '顶点学校',
      issuer: 'https://acme.example',
      client_id: 'app',
    }
    const empty = await form.submit(newOne, typed)
    t.is(empty.status, 422)
    t.is(empty.root.querySelectorAll('.field-error').length, 1)
    const odd = await empty.submit(newOne, { client_secret: 'first secret' })
    t.is(odd.status, 422)
    t.true(odd.text.includes('Use at most 63 lowercase letters, digits and hyphens'))
    t.false(odd.html.includes('first secret'))
    const made = await odd.submit(newOne, { id: 'acme', client_secret: 'first secret' })
    t.is(made.url.pathname, `${list}/acme`)
    t.is(codeOf(made, where), `${fixture.issuer}/oauth/acme/callback`)
    const first = await fixture.storage.providers.find('acme')
    t.deepEqual(first?.recipe, {
      kind: 'oidc',
      name: '顶点学校',
      issuer: 'https://acme.example',
      client_id: 'app',
    })

    const at = `${list}/acme`
    const kept = await made.submit(at, {
      name: 'Acme',
      scopes: 'openid  email',
      trust_email: 'no',
    })
    t.true(kept.text.includes('Saved.'))
    const second = await fixture.storage.providers.find('acme')
    t.like(second?.recipe, { name: 'Acme', scopes: ['openid', 'email'], trust_email: false })
    t.deepEqual(second?.sealedSecret, first?.sealedSecret)

    const moved = await kept.submit(at, { issuer: 'https://elsewhere.example' })
    t.is(moved.status, 422)
    t.true(moved.text.includes('Enter the secret again'))
    const again = await moved.submit(at, { client_secret: 'second secret' })
    t.true(again.text.includes('Saved.'))
    const third = await fixture.storage.providers.find('acme')
    t.is(third?.recipe['issuer'], 'https://elsewhere.example')
    t.notDeepEqual(third?.sealedSecret, first?.sealedSecret)
    t.false((again.html + (await open(list)).html).includes('secret</'))

    const twice = await (
      await open(`${newOne}?kind=oidc`)
    ).submit(newOne, {
      ...typed,
      id: 'acme',
      client_secret: 'x',
    })
    t.is(twice.status, 422)
    const unsure = await again.submit(`${at}/delete`, { confirm: 'Acme' })
    t.is(unsure.status, 422)
    const gone = await unsure.submit(`${at}/delete`, { confirm: 'acme' })
    t.is(gone.url.pathname, list)
    t.is(await fixture.storage.providers.find('acme'), undefined)
    await fixture.server.services.telemetry.audit.flush()
    const events = await fixture.storage.audit.list({ limit: 9, target: 'provider:acme' })
    t.deepEqual(
      events.events.map(({ type }) => type),
      ['provider.deleted', 'provider.updated', 'provider.updated', 'provider.created'],
    )
    t.false(JSON.stringify(events).includes('first secret'))
  },
)

onStorages(
  'each kind asks for what it needs, and what other fields hold survives the form',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const kinds = await open(newOne)
    const links = kinds.root.querySelectorAll('.links a')
    t.is(links.length, 10)
    for (const link of links) t.is((await open(link.getAttribute('href')!)).status, 200)
    const apple = await open(`${newOne}?kind=apple`)
    t.deepEqual(fieldsOf(apple), ['id', 'name', 'team_id', 'key_id', 'client_id', 'client_secret'])
    t.is(codeOf(apple, where), `${fixture.issuer}/oauth/apple/callback`)
    const key = 'a first line\nand a second one'
    const made = await apple.submit(newOne, {
      team_id: 'T',
      key_id: 'K',
      client_id: 'com.example.web',
      client_secret: key,
    })
    t.is(made.url.pathname, `${list}/apple`)
    t.true(made.root.querySelector('h1')?.textContent.includes('Apple'))

    const record = (await fixture.storage.providers.find('apple'))!
    await fixture.storage.providers.put({ ...record, recipe: { ...record.recipe, tenant: 'x' } })
    await made.submit(`${list}/apple`, { key_id: 'K2' })
    t.deepEqual((await fixture.storage.providers.find('apple'))?.recipe, {
      ...record.recipe,
      key_id: 'K2',
      tenant: 'x',
    })
  },
)

onStorages(
  'a provider of the environment is shown, and says where it is changed',
  async (t, begin) => {
    const env = { GITHUB_CLIENT_ID: 'github-app', GITHUB_CLIENT_SECRET: 'declared-secret' }
    const fixture = await begin({ env })
    const { open } = await administrator(fixture)
    const row = (await open(list)).root.querySelector('tbody tr')?.textContent ?? ''
    for (const word of ['GitHub', 'File or environment', '/oauth/github/callback'])
      t.true(row.includes(word), word)
    const page = await open(`${list}/github`)
    t.true(page.text.includes('This provider is set in the configuration file or the environment.'))
    t.is(page.root.querySelectorAll('main form').length, 0)
    t.false(page.html.includes('declared-secret'))
  },
)

onStorages('who may not run everything cannot choose a provider', async (t, begin) => {
  const fixture = await begin()
  const permissions = { [fixture.config.API_RESOURCE]: ['admin:providers'] }
  await fixture.storage.roles.put({ name: 'helper', description: undefined, permissions })
  const { open } = await administrator(fixture, ['helper'])
  const form = await open(`${newOne}?kind=github`)
  const refused = await form.submit(newOne, { client_id: 'a', client_secret: 'b' })
  t.is(refused.status, 403)
  t.deepEqual(await fixture.storage.providers.list(), [])
  const stranger = await administrator(fixture, [])
  t.is((await stranger.open(list)).status, 403)
})
