import { onStorages } from '../support/storages.ts'
import { administrator, codeOf, shownOnce } from './administrator.ts'

onStorages(
  'an administrator makes a client, changes it, changes its secret without a gap, and deletes it',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const token = async (id: string, secret: string): Promise<number> => {
      const { status } = await fetch(`${fixture.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      return status
    }

    t.true((await open('/console')).text.includes('Connect your first application'))
    const form = await open('/console/clients/new?kind=machine')
    const unnamed = await form.submit('/console/clients/new', { client_name: ' ' })
    t.is(unnamed.status, 422)
    const made = await unnamed.submit('/console/clients/new', { client_name: 'Nightly job' })
    const [id, first] = [shownOnce(made, 'Client ID'), shownOnce(made, 'Client secret')]
    t.true(codeOf(made, 'Command line').includes(first))
    t.is(await token(id, first), 200)
    t.false((await open('/console')).text.includes('Connect your first application'))

    const list = await open('/console/clients?q=nightly')
    t.is(list.root.querySelectorAll(`a[href$="/console/clients/${id}"]`).length, 1)
    const at = `/console/clients/${id}`
    const page = await open(at)
    t.false(page.html.includes(first))
    const broken = await page.submit(at, { rest: '{"grant_types":' })
    t.is(broken.status, 422)
    const odd = await page.submit(at, { rest: '{"grant_types":["nothing"]}' })
    t.true(odd.text.includes('grant_types'))
    const saved = await page.submit(at, { client_name: '夜间任务', verified: 'yes' })
    t.true(saved.text.includes('Saved.'))
    t.like((await fixture.storage.clients.find(id))?.metadata, {
      client_name: '夜间任务',
      verified: true,
      grant_types: ['client_credentials'],
      redirect_uris: [],
    })

    const rotated = await saved.submit(`${at}/rotate-secret`)
    const second = shownOnce(rotated, 'Client secret')
    t.deepEqual([await token(id, first), await token(id, second)], [200, 200])
    const dropped = await (await open(at)).submit(`${at}/drop-secret`)
    t.true(dropped.text.includes('Old secret dropped.'))
    t.deepEqual([await token(id, first), await token(id, second)], [401, 200])

    const unsure = await dropped.submit(`${at}/delete`, { confirm: 'Nightly job' })
    t.is(unsure.status, 422)
    const gone = await unsure.submit(`${at}/delete`, { confirm: '夜间任务' })
    t.is(gone.url.pathname, '/console/clients')
    t.is(await fixture.storage.clients.find(id), undefined)
  },
)

onStorages(
  'a single-page application is public, and its origin may call the token endpoint',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const form = await open('/console/clients/new?kind=spa')
    const wrong = await form.submit('/console/clients/new', {
      client_name: 'Notes',
      redirect_uris: 'notes.example.com',
    })
    t.is(wrong.status, 422)
    t.true(wrong.text.includes('notes.example.com is not valid here'))
    t.is(wrong.root.querySelector('textarea')?.textContent, 'notes.example.com')
    const made = await wrong.submit('/console/clients/new', {
      redirect_uris: 'https://notes.example.com/a\r\n\r\nhttp://localhost:5173/b ',
    })
    t.is(made.root.querySelectorAll('.once').length, 0)
    const [client] = (await fixture.storage.clients.list({ limit: 1, q: 'notes' })).clients
    t.is(client?.secretHashes.length, 0)
    t.like(client?.metadata, {
      redirect_uris: ['https://notes.example.com/a', 'http://localhost:5173/b'],
      allowed_cors_origins: ['https://notes.example.com', 'http://localhost:5173'],
      token_endpoint_auth_method: 'none',
    })
    const code = await open(`/console/clients/${client!.id}/integrate`)
    t.true(codeOf(code, 'Single-page application').includes(client!.id))
  },
)

onStorages(
  'a client whose way to authenticate is changed gets its secret on that answer',
  async (t, begin) => {
    const fixture = await begin()
    const { open } = await administrator(fixture)
    const { id } = await fixture.addClient({ token_endpoint_auth_method: 'none' })
    const at = `/console/clients/${id}`
    const page = await (await open(at)).submit(at, { rest: '{}' })
    t.true(shownOnce(page, 'Client secret').length > 20)
  },
)
