import test from 'ava'
import { apiOf } from '../support/api.ts'
import { start } from '../support/start.ts'

interface Operation {
  security?: Record<string, string[]>[]
  responses: Record<string, unknown>
}
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> }

const routesOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  )

/** Routes that anyone may call; a new one must be put here knowingly. */
const open = new Set([
  '/auth/register',
  '/auth/login',
  '/auth/wechat-login',
  '/auth/refresh',
  '/auth/logout',
  '/auth/forgot-password',
  '/auth/reset-password',
  '/auth/request-verify',
  '/auth/verify-email',
  '/auth/disown-email',
  '/auth/mfa',
  '/auth/passkey',
  '/auth/passkey/options',
])

const filled = (path: string): string => path.replaceAll(/\{\w+\}/g, 'nothing')

test('every route of the document is mounted, and refuses anyone who brings nothing', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const document = (await api.call('GET', '/openapi.json')).body as Document
  t.is(document.openapi, '3.1.0')
  const routes = routesOf(document)
  t.true(routes.length > 40, `${routes.length} routes`)
  for (const { path, method, operation } of routes) {
    const answer = await api.call(method, filled(path), method === 'GET' ? {} : { body: {} })
    const label = `${method} ${path} → ${answer.status}`
    t.true(String(answer.status) in operation.responses, label)
    if (open.has(path)) t.not(answer.status, 404, label)
    else t.is(answer.status, 401, label)
  }
})

test('a person without a role is refused on every administrator’s route, and nothing fails', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(await fixture.addUser())
  const document = (await api.call('GET', '/openapi.json')).body as Document
  const routes = routesOf(document).filter(({ path }) => path.startsWith('/admin'))
  t.true(routes.length > 25)
  for (const { path, method } of routes) {
    const answer = await api.call(method, filled(path), {
      token,
      ...(method === 'GET' ? {} : { body: {} }),
    })
    t.is(answer.status, 403, `${method} ${path}`)
  }
})

test('an administrator’s answers are of the kinds that the document lists', async (t) => {
  const fixture = await start(t)
  const api = apiOf(fixture)
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { roles: ['admin'] })
  const { access_token: token } = await api.login(person)
  const document = (await api.call('GET', '/openapi.json')).body as Document
  // Not the routes that would end this very sign-in, or rotate keys under the other tests' feet.
  const routes = routesOf(document).filter(
    ({ path, method }) =>
      !(path === '/users/me/sessions' && method === 'DELETE') &&
      !(path === '/users/me' && method === 'DELETE') &&
      path !== '/auth/logout' &&
      path !== '/auth/verify',
  )
  for (const { path, method, operation } of routes) {
    const answer = await api.call(method, filled(path), {
      token,
      ...(method === 'GET' ? {} : { body: {} }),
    })
    t.true(
      String(answer.status) in operation.responses,
      `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`,
    )
    t.true(answer.status < 500, `${method} ${path}`)
  }
})

test('the documentation page needs nothing from elsewhere', async (t) => {
  const fixture = await start(t)
  const page = await fetch(`${fixture.issuer}/docs/`)
  t.is(page.status, 200)
  const html = await page.text()
  for (const [, address = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    if (address.startsWith('data:')) continue
    t.true(address.startsWith('/docs/'), address)
    t.is((await fetch(fixture.issuer + address)).status, 200, address)
  }
})
