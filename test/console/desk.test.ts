import { newId } from '#lib/ids.ts'
import { onStorages } from '../support/storages.ts'
import type { Page } from '../support/browser.ts'
import { administrator } from './administrator.ts'

const menuOf = (page: Page): (string | undefined)[] =>
  page.root.querySelectorAll('.side a').map((link) => link.textContent)

onStorages(
  'an API, its scopes and a role that permits them are made, changed and deleted',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const identifier = 'https://api.example.com/notes'
    const wrong = await (
      await open('/console/resources/new')
    ).submit('/console/resources/new', { identifier: 'notes', 'name.en': '' })
    t.is(wrong.status, 422)
    t.is(wrong.root.querySelectorAll('.field-error').length, 2)
    const made = await wrong.submit('/console/resources/new', {
      identifier,
      'name.en': 'Notes',
      'name.zh-CN': '笔记',
      access_token_ttl: '300',
    })
    t.true(made.text.includes('API created.'))
    const at = `/console/resources/${encodeURIComponent(identifier)}`

    const add = await open(`${at}/add-scope`)
    const unsaid = await add.submit('/add-scope', { name: 'notes:read' })
    t.is(unsaid.status, 422)
    await unsaid.submit('/add-scope', { 'description.en': 'See your notes', restricted: 'yes' })
    const twice = await add.submit('/add-scope', {
      name: 'notes:read',
      'description.en': 'Once more',
    })
    t.is(twice.status, 422)
    const scope = await open(`${at}/scopes/notes%3Aread`)
    await scope.submit('/scopes/notes%3Aread', { 'description.zh-CN': '查看笔记' })
    t.like(await fixture.storage.resources.find(identifier), {
      name: { en: 'Notes', 'zh-CN': '笔记' },
      accessTokenTtl: 300,
      scopes: [
        {
          name: 'notes:read',
          description: { en: 'See your notes', 'zh-CN': '查看笔记' },
          restricted: true,
          sensitive: false,
        },
      ],
    })

    const role = await (
      await open('/console/roles/new')
    ).submit('/console/roles/new', { name: 'reader', [`may:${identifier} notes:read`]: 'yes' })
    t.true(role.text.includes('Role created.'))
    t.deepEqual((await fixture.storage.roles.find('reader'))?.permissions, {
      [identifier]: ['notes:read'],
    })
    const inUse = await (await open(`${at}/scopes/notes%3Aread`)).submit('/remove')
    t.is(inUse.status, 422)
    t.true(inUse.text.includes('This is still in use.'))
    await role.submit('/console/roles/reader', { description: 'Reads', notes: '' })
    t.is((await fixture.storage.roles.find('reader'))?.description, 'Reads')
    t.is((await role.submit('/reader/delete', { confirm: 'writer' })).status, 422)
    await role.submit('/reader/delete', { confirm: 'reader' })
    t.is(await fixture.storage.roles.find('reader'), undefined)
    const removed = await inUse.submit('/remove')
    t.true(removed.text.includes('Scope removed.'))
    await removed.submit(`${at}/delete`, { confirm: identifier })
    t.is(await fixture.storage.resources.find(identifier), undefined)
  },
)

onStorages(
  'API keys are revoked, sessions ended, events found, keys rotated, mails retried',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const person = await fixture.addUser()

    const { record } = await fixture.server.services.apiKeys.create(
      { userId: person.id, name: 'nightly', scopes: [] },
      { scopes: new Set() },
    )
    const keys = await open('/console/api-keys')
    const key = await open(`/console/api-keys/${record.id}`)
    t.true(keys.text.includes('nightly') && keys.text.includes(person.email))
    t.true((await key.submit(`/${record.id}/revoke`)).text.includes('API key revoked.'))
    t.is(await fixture.storage.apiKeys.find(record.id), undefined)

    await fetch(`${fixture.issuer}/auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ identifier: person.email, password: person.password }),
    })
    const [session] = await fixture.server.services.signIns.sessions.list(person.id)
    const sessions = await open(`/console/sessions?q=${person.email}`)
    const ended = await sessions.submit(`/${session!.id}/end`)
    t.true(ended.text.includes('Session ended.'))
    t.deepEqual(await fixture.server.services.signIns.sessions.list(person.id), [])
    t.is(
      (await open('/console/sessions?q=example.com')).root.querySelectorAll('tbody tr').length,
      3,
    )

    await fixture.server.services.telemetry.audit.flush()
    const events = await open(`/console/audit?type=session.&target=user:${person.id}`)
    t.is(events.root.querySelectorAll('tbody tr').length, 1)
    t.true(events.text.includes('session.ended') && events.text.includes(person.email))
    t.is(
      (await open('/console/audit?type=session.&to=2020-01-01')).root.querySelector('table'),
      null,
    )
    t.is((await open('/console/audit?from=yesterday')).status, 422)

    const current = async () => (await fixture.server.services.keys.list()).map(({ id }) => id)
    const before = await current()
    const young = await (await open('/console/keys')).submit('/rotate')
    t.is(young.status, 422)
    await young.submit('/rotate', { force: 'yes' })
    t.true((await current()).length > before.length)
    const [stolen = ''] = before
    const revoked = await (await open('/console/keys')).submit(`/${stolen}/revoke`)
    t.true(revoked.text.includes('Key revoked.'))
    t.false((await current()).includes(stolen))

    const id = newId()
    const mail = { id, to: 'a@example.com', subject: 'Hello', sealedBody: 'not to be opened' }
    await fixture.storage.mailQueue.add(mail)
    await fixture.storage.mailQueue.failed(id, '550 nobody is there', undefined)
    const failed = await open('/console/mail?state=failed')
    t.true(failed.text.includes('550 nobody is there'))
    t.true((await failed.submit(`/${id}/retry`)).text.includes('queued again'))
    t.is((await fixture.storage.mailQueue.list({ limit: 9, state: 'failed' })).mails.length, 0)
  },
)

onStorages(
  'the overview counts sign-ins and failures, and the settings hide their secrets',
  async (t, begin) => {
    const fixture = await begin()
    const { open, person } = await administrator(fixture)
    await fetch(`${fixture.issuer}/auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ identifier: person.email, password: 'wrong' }),
    })
    await fixture.server.services.telemetry.audit.flush()
    const page = await open('/console')
    const [chart] = page.root.querySelectorAll('.chart')
    const today = chart?.querySelectorAll('tbody tr').at(-1)?.querySelectorAll('td')
    t.deepEqual(
      today?.map((cell) => cell.textContent),
      ['1', '1'],
    )
    t.is(chart?.querySelectorAll('svg rect').length, 2)

    const settings = await open('/console/settings')
    t.true(settings.text.includes('ISSUER') && settings.text.includes(fixture.issuer))
    t.false(settings.html.includes(String(fixture.config.SECRET_KEY)))
    t.true(settings.text.includes('********'))
  },
)

onStorages(
  'who may only read the audit log sees that section alone, and no other opens',
  async (t, begin) => {
    const fixture = await begin()
    await fixture.storage.roles.put({
      name: 'auditor',
      description: undefined,
      permissions: { [fixture.config.API_RESOURCE]: ['admin:audit'] },
    })
    const { open } = await administrator(fixture, ['auditor'])
    const page = await open('/console')
    t.is(page.status, 200)
    t.deepEqual(menuOf(page), ['Overview', 'Audit log'])
    t.is(page.root.querySelectorAll('.chart').length, 0)
    t.is((await open('/console/audit')).status, 200)
    for (const path of ['users', 'clients', 'clients/new', 'settings', 'keys', 'mail'])
      t.is((await open(`/console/${path}`)).status, 403, path)
  },
)
