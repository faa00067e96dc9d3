import test, { type ExecutionContext } from 'ava'
import { readBody } from '#http/api-input.ts'
import type { Middleware } from '#http/context.ts'
import { AppError } from '#lib/app-error.ts'
import { serve } from './serve.ts'

const answer =
  (acceptsForm: boolean): Middleware =>
  async (ctx) => {
    try {
      ctx.body = { read: await readBody(ctx, { acceptsForm }) }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      ctx.status = error.status
      ctx.body = { code: error.code }
    }
  }

async function send(
  t: ExecutionContext,
  body: string,
  { type = 'application/json', acceptsForm = false } = {},
): Promise<{ status: number; body: unknown }> {
  const origin = await serve(t, answer(acceptsForm))
  const response = await fetch(origin, { method: 'POST', body, headers: { 'content-type': type } })
  return { status: response.status, body: await response.json() }
}

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const listed = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

test('a body may be 64 levels deep and no deeper, in objects and lists', async (t) => {
  for (const write of [nested, listed]) {
    t.is((await send(t, write(64))).status, 200)
    for (const levels of [65, 10_000])
      t.deepEqual(await send(t, write(levels)), { status: 400, body: { code: 'invalid_request' } })
  }
})

test('a body of 100 KB is read, a larger one is 413', async (t) => {
  const of = (bytes: number): string =>
    JSON.stringify('x'.repeat(bytes - 8)).replace(/^.*$/, '{"a":$&}')
  t.is((await send(t, of(100 * 1024))).status, 200)
  t.deepEqual(await send(t, of(100 * 1024 + 1)), { status: 413, body: { code: 'too_large' } })
})

test('a form is taken only where one is expected, another type never, and broken JSON is 400', async (t) => {
  const type = 'application/x-www-form-urlencoded'
  t.like(await send(t, 'a=1', { type, acceptsForm: true }), {
    status: 200,
    body: { read: { a: '1' } },
  })
  for (const [given, status] of [
    [{ type }, 415],
    [{ type: 'text/plain', acceptsForm: true }, 415],
    [{ type: 'application/json', acceptsForm: true }, 400],
  ] as const)
    t.is((await send(t, 'a=1', given)).status, status, JSON.stringify(given))
})
