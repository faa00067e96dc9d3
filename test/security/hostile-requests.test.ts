import test from 'ava'
import { isClean } from './clean.ts'
import { send } from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { sendRaw } from './raw.ts'
import { pathsOf, routes } from './routes.ts'

const server = sharedServer()

const paths = [...new Set(routes.map(({ path }) => path))]

const accepts = ['text/html', 'application/json', 'nonsense']

test('every method on every route is answered and none makes the server fail', async (t) => {
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const accept of accepts) {
        const answer = await send(server().issuer + path, { method, headers: { accept } })
        t.true(answer.status < 500, `${method} ${path} ${accept}`)
        if (method !== 'HEAD' && method !== 'OPTIONS' && answer.status >= 400)
          isClean(t, answer, `${method} ${path} ${accept}`)
      }
    }
  }
})

test('HEAD says what GET says, without a body', async (t) => {
  for (const path of pathsOf('GET')) {
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) =>
        send(server().issuer + path, { method, headers: { accept: 'text/html' } }),
      ),
    )
    t.is(head!.status, get!.status, path)
    t.is(head!.text, '')
  }
})

test('TRACE and methods that no one knows give nothing back', async (t) => {
  for (const path of paths) {
    for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'GARBAGE']) {
      const headers: [string, string][] = [['cookie', 'yumen_session=a-secret-cookie']]
      const answer = await sendRaw(server().issuer, { method, path, headers })
      t.true(answer.status < 500, `${method} ${path} ${answer.status}`)
      t.notRegex(answer.text, /a-secret-cookie/)
    }
  }
})

const oddPaths = [
  '/%00',
  '/%E0%A4%A',
  '/%',
  '/%zz',
  '/%ED%A0%80',
  '/interaction/%00',
  '/interaction/%E0%A4%A/login',
  '/interaction/..%2f..%2fetc%2fpasswd',
  '/assets/..%2f..%2fpackage.json',
  '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
  '/assets/..\\..\\package.json',
  '/assets/%00',
  '/assets/%E0%A4%A',
  '/assets/../../package.json',
  '/assets/__proto__',
  '/assets/constructor',
  '/oauth/authorize/%00',
  '/oauth/authorize/%E0%A4%A',
  '/device/%00',
  '/device/%E0%A4%A',
  '/device/%C0%80',
  '/.well-known/%00',
  '//',
  '///',
  '//evil.example/..',
  '//evil.example/%2e%2e',
  '/\\evil.example',
  '/\\\\evil.example/..',
  '/.//evil.example',
  '/;/evil.example',
  '/oauth/../package.json',
  '/?a[b]=c&a[__proto__]=d',
  '/?lang[]=en&lang=zh-CN',
  '/?lang=%00',
  '/?%E0%A4%A',
  '/?ui_locales=%ED%A0%80',
  '/#fragment',
  '*',
  'http://evil.example/',
  'http://evil.example:99999/',
  'http://[::1',
  '//[',
]

test('no path makes the server fail, show a file or send the browser away', async (t) => {
  for (const path of oddPaths) {
    for (const accept of ['text/html', 'application/json']) {
      const answer = await sendRaw(server().issuer, { path, headers: [['accept', accept]] })
      const label = `${path} ${accept}`
      isClean(t, answer, label)
      t.is(answer.headers.get('location'), null, label)
      t.notRegex(answer.text, /(href|action|src)="(https?:)?[/\\]{2}/, label)
      t.notRegex(answer.text, /"dependencies"|root:x/)
    }
  }
})

test('bytes that no address is made of are refused', async (t) => {
  for (const path of ['/\u00e9', '/?\u00ff', '/\u0000', '/a b', '/\t'])
    t.is((await sendRaw(server().issuer, { path })).status, 400)
})

test('an address that is too long is refused', async (t) => {
  for (const path of ['/', '/oauth/authorize', '/interaction/abc']) {
    const answer = await sendRaw(server().issuer, { path: `${path}?a=${'x'.repeat(100_000)}` })
    t.true([414, 431].includes(answer.status), String(answer.status))
    const near = await sendRaw(server().issuer, { path: `${path}?a=${'x'.repeat(15_000)}` })
    t.true(near.status < 500)
  }
})

test('headers that make no sense are refused or ignored', async (t) => {
  const odd: [string, string][] = [
    ['cookie', 'yumen_session=%00; yumen_locale=%E0%A4%A; a; =b; ;;'],
    ['cookie', `yumen_session=${'x'.repeat(4000)}`],
    ['accept-language', 'en,'.repeat(2000)],
    ['accept-language', '*;q=banana,,;;'],
    ['accept', ';;;,,,'],
    ['content-type', ';'],
    ['content-type', 'application/x-www-form-urlencoded; charset=nonsense'],
    ['content-encoding', 'nonsense'],
    ['content-encoding', 'gzip'],
    ['origin', '\u00ff'],
    ['x-trace-id', '../../etc'],
    ['traceparent', '----'],
    ['x-forwarded-for', ',,,'],
    ['dpop', 'a.b.c'],
    ['authorization', 'Basic'],
    ['authorization', 'Basic ====='],
    ['if-none-match', '\u00ff"'],
    ['range', 'bytes=9-1,-'],
    ['expect', 'nonsense'],
  ]
  for (const header of odd) {
    for (const { method, path } of routes) {
      const body = method === 'POST' ? { body: 'a=b' } : {}
      const form: [string, string][] =
        method === 'POST' && header[0] !== 'content-type'
          ? [['content-type', 'application/x-www-form-urlencoded']]
          : []
      const answer = await sendRaw(server().issuer, {
        method,
        path,
        headers: [...form, header],
        ...body,
      })
      t.true(
        answer.status >= 100 && answer.status < 500,
        `${header.join(': ').slice(0, 80)} ${path} ${answer.status}`,
      )
    }
  }
})
