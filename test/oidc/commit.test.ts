import test, { type ExecutionContext } from 'ava'
import Koa from 'koa'
import { listen } from '#http/listener.ts'
import { AppError } from '#lib/app-error.ts'
import { commitBeforeAnswer } from '#oidc/commit.ts'
import { currentUnit, type UnitOfWork } from '#oidc/unit-of-work.ts'
import { openStorage } from '../support/storage.ts'

/** A server whose only route does `work` in the unit of its request, as the engine does, and answers with `status`. */
async function serve(t: ExecutionContext, work: (unit: UnitOfWork) => void, status = 200) {
  const { artifacts } = (await openStorage(t)).storage
  const grace = { keep: async () => undefined, recall: async () => undefined }
  const app = new Koa()
  app.use(async (ctx, next) => {
    ctx['oidc'] = { route: 'authorization' }
    await next().catch((error: unknown) => {
      ctx.status = error instanceof AppError ? error.status : 500
      ctx.body = error instanceof AppError ? error.code : ''
    })
  })
  app.use(commitBeforeAnswer({ emit: () => true } as never, { artifacts, grace }) as never)
  app.use((ctx) => {
    work(currentUnit()!)
    ctx.status = status
    ctx.cookies.set('session', 'b')
  })
  const answer = app.callback()
  const local = { port: 0, host: '127.0.0.1' }
  const server = await listen((request, response) => void answer(request, response), local)
  t.teardown(() => server.drain(1000))
  const send = (method: string) =>
    fetch(`http://127.0.0.1:${server.port}/authorize?a=b`, { method, redirect: 'manual' })
  return { artifacts, send }
}

test('a request that fails by our fault leaves nothing of what it wrote', async (t) => {
  for (const status of [500, 503, 400]) {
    const write = (unit: UnitOfWork) => unit.save('DeviceCode', 'a', { payload: '{}' })
    const { artifacts, send } = await serve(t, write, status)
    t.is((await send('POST')).status, status)
    // An error page may come with something to keep, such as the refusal of a device code.
    t.is((await artifacts.find('DeviceCode', 'a')) !== undefined, status === 400, String(status))
  }
})

test('a page that was overtaken is asked for once more, a form is told so, and no cookie is set', async (t) => {
  const { send } = await serve(t, (unit) => unit.consume('AuthorizationCode', 'spent'))
  const page = await send('GET')
  t.is(page.status, 303)
  t.is(page.headers.get('location'), '/authorize?a=b')
  t.deepEqual(page.headers.getSetCookie(), [])
  const form = await send('POST')
  t.is(form.status, 400)
  t.is(await form.text(), 'session_expired')
  t.deepEqual(form.headers.getSetCookie(), [])
})
