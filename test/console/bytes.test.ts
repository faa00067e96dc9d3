import test from 'ava'
import { newId } from '#lib/ids.ts'
import { signedInPages } from '#compose/signed-in-pages.ts'
import type { Page } from '../support/browser.ts'
import { start, type Fixture } from '../support/start.ts'
import { administrator } from './administrator.ts'

const longest = 60_000

/** Lists as long as a page can be, with texts that are as long as people's are. */
async function fill({ storage, server }: Fixture): Promise<void> {
  const { services } = server
  for (let index = 0; index < 51; index++) {
    const id = newId()
    await storage.users.create({
      id,
      email: `somebody.with.a.long.name.${index}@example.com`,
      username: `somebody-${index}`,
      nickname: `某个名字很长的人 ${index}`,
      emailVerified: true,
      passwordHash: undefined,
      roles: ['admin'],
    })
    const metadata = {
      client_name: `An application with a longer name ${index}`,
      redirect_uris: [`https://${index}.example.com/callback`],
    }
    await storage.clients.put({ id, metadata, secretHashes: [] })
    await services.apiKeys.create(
      { userId: id, name: `nightly export ${index}`, scopes: ['account:read'] },
      { scopes: new Set(['account:read']) },
    )
    const mail = { id, to: `${index}@example.com`, subject: 'Your code', sealedBody: 'sealed' }
    await storage.mailQueue.add(mail)
    await storage.mailQueue.failed(id, `550 ${'no such user here '.repeat(10)}`, undefined)
    const details = { before: { nickname: 'before' }, after: { nickname: 'after', roles: ['a'] } }
    services.telemetry.audit.record({
      type: 'user.updated',
      actor: id,
      target: `user:${id}`,
      details,
    })
  }
  await services.telemetry.audit.flush()
}

const sizeOf = async (page: Page): Promise<number> => {
  const sheets = page.root
    .querySelectorAll('link[rel=stylesheet]')
    .map((link) => new URL(link.getAttribute('href')!, page.url).href)
  const css = await Promise.all(sheets.map(async (href) => (await fetch(href)).arrayBuffer()))
  return css.reduce((sum, { byteLength }) => sum + byteLength, Buffer.byteLength(page.html))
}

test('every page of the console has less than 60 KB, stylesheets included, in both languages', async (t) => {
  const env = { GITHUB_CLIENT_ID: 'github-app', GITHUB_CLIENT_SECRET: 'secret' }
  const fixture = await start(t, { env })
  await fill(fixture)
  const { open, person } = await administrator(fixture)
  const [key] = (await fixture.storage.apiKeys.list({ limit: 1 })).keys
  const known: Record<string, string> = {
    '/console/api-keys/:id': key!.id,
    '/console/users/:id': person.id,
    '/console/clients/:id': 'first-party',
    '/console/clients/:id/integrate': (await fixture.addClient()).id,
    '/console/resources/:identifier': fixture.config.API_RESOURCE,
    '/console/resources/:identifier/add-scope': fixture.config.API_RESOURCE,
    '/console/roles/:name': 'admin',
    '/console/providers/:id': 'github',
  }
  const table = signedInPages({
    consoleMaxAge: 3600,
    eraseAfterDays: 14,
    passwordMinLength: 8,
    providers: { list: () => [], find: () => undefined },
    issuer: fixture.issuer,
  })
  const paths = table
    .filter(({ method, path }) => method === 'get' && path.startsWith('/console'))
    .filter(({ path }) => !path.includes('/scopes/'))
    .map(({ path }) => path.replace(/:\w+/, encodeURIComponent(known[path] ?? '')))
  t.true(paths.length > 15)
  const more = ['clients/new?kind=web', 'providers/new?kind=apple', 'sessions?q=somebody']
  for (const path of [...paths, ...more.map((path) => `/console/${path}`)])
    for (const lang of ['en', 'zh-CN']) {
      const page = await open(`${path}${path.includes('?') ? '&' : '?'}lang=${lang}`)
      t.is(page.status, 200, path)
      const size = await sizeOf(page)
      t.log(`${path} ${lang}: ${size}`)
      t.true(size < longest, `${path} ${lang}: ${size}`)
    }
})
