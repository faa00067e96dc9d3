import test, { type ExecutionContext } from 'ava'
import type { Middleware } from '#http/context.ts'
import { formFields, parseForm } from '#http/form.ts'
import { AppError } from '#lib/app-error.ts'
import { serve } from './serve.ts'

const answer: Middleware = async (ctx, next) => {
  try {
    await next()
    ctx.body = formFields(ctx)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    ctx.status = error.status
    ctx.body = { code: error.code }
  }
}

async function send(
  t: ExecutionContext,
  body: string,
  type = 'application/x-www-form-urlencoded',
): Promise<{ status: number; body: unknown }> {
  const origin = await serve(t, answer, parseForm())
  const response = await fetch(origin, { method: 'POST', body, headers: { 'content-type': type } })
  return { status: response.status, body: await response.json() }
}

test('the fields of a form are texts, decoded', async (t) => {
  const { status, body } = await send(t, 'a=1&b=%E5%AF%86+%E7%A0%81&c=&d=%2B')
  t.is(status, 200)
  t.deepEqual(body, { a: '1', b: '密 码', c: '', d: '+' })
})

test('names that mean something to JavaScript change nothing', async (t) => {
  const { status, body } = await send(t, 'a=1&__proto__=x&constructor=y&__proto__.polluted=z')
  t.is(status, 200)
  t.like(body, { a: '1' })
  t.false('polluted' in {})
})

test('dots and brackets are letters of a name, not the way into an object', async (t) => {
  const { body } = await send(t, 'a.b=1&c%5B%5D=2&https%3A%2F%2Fapi.example.com+d%5Be%5D=3')
  t.deepEqual(body, { 'a.b': '1', 'c[]': '2', 'https://api.example.com d[e]': '3' })
})

test('a repeated field and a NUL byte are refused with 400', async (t) => {
  for (const form of ['a=1&a=2', 'a%5B%5D=1&a[]=2', 'a=%00', 'a=x%00y']) {
    const { status, body } = await send(t, form)
    t.deepEqual([status, body], [400, { code: 'invalid_request' }], form)
  }
})

test('another type of body is 415, a larger one 413', async (t) => {
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
    t.is((await send(t, '{"a":1}', type)).status, 415, type)
  const large = await send(t, `a=${'x'.repeat(60_000)}`)
  t.deepEqual([large.status, large.body], [413, { code: 'too_large' }])
})
