import test from 'ava'
import { apiOf } from '../support/api.ts'
import { start } from '../support/start.ts'

test('a method that a route does not have is 405 and says which it has, to anyone', async (t) => {
  const fixture = await start(t)
  const { call } = apiOf(fixture)
  for (const [method, path, allow] of [
    ['GET', '/auth/login', 'OPTIONS, POST'],
    ['DELETE', '/api/v1/auth/login', 'OPTIONS, POST'],
    ['POST', '/users/me', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['POST', '/admin/users/some-id', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['PUT', '/admin/audit', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const answer = await call(method, path, { headers: { accept: 'text/html' } })
    t.is(answer.status, 405, `${method} ${path}`)
    t.is(answer.headers.get('allow'), allow)
    t.is(answer.headers.get('content-type'), 'application/problem+json')
    t.like(answer.body, { code: 'method_not_allowed', status: 405 })
    t.truthy(answer.body.detail)
  }
})

test('every path of the document refuses the methods that it does not have, and no other', async (t) => {
  const { call } = apiOf(await start(t))
  const { paths } = (await call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, unknown>>
  }
  t.true(Object.keys(paths).length > 30)
  /** Another path of the document that this one is too, such as `/a/{id}` for `/a/mine`. */
  const alsoIn = (path: string, method: string): boolean =>
    Object.entries(paths).some(
      ([other, item]) =>
        method.toLowerCase() in item &&
        new RegExp(`^${other.replaceAll(/\{\w+\}/g, '[^/{}]+')}$`).test(path),
    )
  for (const [path] of Object.entries(paths)) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status } = await call(method, path.replaceAll(/\{\w+\}/g, 'nothing'))
      const label = `${method} ${path} → ${status}`
      if (paths[path]?.[method.toLowerCase()] || alsoIn(path, method)) t.not(status, 405, label)
      else t.is(status, 405, label)
    }
  }
})

test('a path that no one knows stays 404, whatever the method', async (t) => {
  const { call } = apiOf(await start(t))
  for (const method of ['GET', 'POST', 'DELETE'])
    t.is((await call(method, '/admin/nothing/at/all')).status, 404)
})

test('OPTIONS is told the methods, and no page of another origin is let in by it', async (t) => {
  const { issuer } = await start(t)
  const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
  const answer = await fetch(`${issuer}/auth/login`, { method: 'OPTIONS', headers })
  t.is(answer.status, 204)
  t.is(answer.headers.get('allow'), 'OPTIONS, POST')
  t.is(answer.headers.get('access-control-allow-origin'), null)
})
