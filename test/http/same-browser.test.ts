import test, { type ExecutionContext } from 'ava'
import { Cookie } from 'tough-cookie'
import type { Middleware } from '#http/context.ts'
import { createSameBrowser } from '#http/same-browser.ts'
import { serve } from './serve.ts'

/** What a browser gets at its first visit, and how it is known at the next. */
async function open(t: ExecutionContext, isSecure: boolean) {
  const browser = createSameBrowser(isSecure)
  const visit: Middleware = (ctx) => {
    ctx.app.keys = ['a key of the server']
    ctx.body = ctx.path === '/begin' ? browser.begin(ctx) : browser.recognise(ctx)
  }
  const origin = await serve(t, visit)
  const ask = (path: string, cookie = ''): Promise<Response> =>
    fetch(origin + path, { headers: { cookie, 'x-forwarded-proto': isSecure ? 'https' : 'http' } })
  return ask
}

const cookiesOf = (answer: Response): Cookie[] =>
  answer.headers.getSetCookie().map((text) => Cookie.parse(text)!)

for (const isSecure of [true, false]) {
  test(`over ${isSecure ? 'https' : 'http'} no script reads the cookie of a browser, and of another site only links bring it`, async (t) => {
    const cookies = cookiesOf(await (await open(t, isSecure))('/begin'))
    const name = isSecure ? '__Host-yumen_hop' : 'yumen_hop'
    t.deepEqual(
      cookies.map(({ key }) => key),
      [name, `${name}.sig`],
    )
    for (const { key, httpOnly, sameSite, secure, path, domain } of cookies)
      t.like(
        { httpOnly, sameSite, secure, path, domain },
        { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', domain: null },
        key,
      )
  })
}

test('a browser is known by the secret that it was given, and by no other', async (t) => {
  const ask = await open(t, false)
  const answer = await ask('/begin')
  const secret = await answer.text()
  const [own, signature] = cookiesOf(answer)
  const as = (value: string) => `${own!.key}=${value}; ${signature!.cookieString()}`
  t.is(await (await ask('/again', as(own!.value))).text(), secret)
  t.is(await (await ask('/begin', as(own!.value))).text(), secret)
  t.is(await (await ask('/again', as('another'))).text(), '')
  t.is(await (await ask('/again', own!.cookieString())).text(), '')
})
