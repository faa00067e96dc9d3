import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { errors, logUnanswered } from '#http/errors.ts'
import { trace } from '#http/trace.ts'
import { AppError } from '#lib/app-error.ts'
import { errorCatalogue } from '#lib/error-catalogue.ts'
import { StorageUnavailable } from '#storage/errors.ts'
import { serve } from './serve.ts'

async function answerTo(t: ExecutionContext, thrown: unknown, accept = 'application/json') {
  const lines: string[] = []
  const origin = await serve(
    t,
    trace(pino({ level: 'debug' }, { write: (line) => void lines.push(line) })),
    errors(
      (ctx, problem) => {
        ctx.type = 'html'
        ctx.body = `<p>${problem.code}</p>`
      },
      { title: ({ code }) => `title of ${code}`, detail: ({ code }) => `detail of ${code}` },
    ),
    () => {
      throw thrown
    },
  )
  const response = await fetch(origin, { headers: { accept } })
  return { response, text: await response.text(), log: lines.join('') }
}

test('an AppError is answered with its code, status and headers', async (t) => {
  const error = new AppError('too_many_requests', { headers: { 'Retry-After': '7' } })
  const { response, text } = await answerTo(t, error)
  t.is(response.status, 429)
  t.is(response.headers.get('retry-after'), '7')
  t.is(response.headers.get('cache-control'), 'no-store')
  t.regex(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  t.deepEqual(JSON.parse(text), {
    type: 'about:blank',
    title: 'title of too_many_requests',
    status: 429,
    detail: 'detail of too_many_requests',
    code: 'too_many_requests',
    trace_id: response.headers.get('x-trace-id'),
  })
})

test('whatever else is thrown is 500 with nothing of it in the answer, and all of it in the log', async (t) => {
  for (const thrown of [new TypeError('table users is gone'), 'users', { status: 600 }]) {
    const { response, text, log } = await answerTo(t, thrown)
    t.is(response.status, 500)
    t.like(JSON.parse(text), { code: 'server_error', status: 500 })
    t.notRegex(text, /users|TypeError|at /)
    t.regex(log, /"code":"server_error"/)
  }
  t.regex((await answerTo(t, new TypeError('table users is gone'))).log, /table users is gone/)
})

test('a backend that is away is 503 and when to come again', async (t) => {
  const { response, text } = await answerTo(t, new StorageUnavailable('redis'))
  t.is(response.status, 503)
  t.is(response.headers.get('retry-after'), '5')
  t.notRegex(text, /redis/)
})

test('an error of the HTTP plumbing keeps its status, without its message', async (t) => {
  const plumbing = Object.assign(new Error('inner detail'), { status: 413 })
  const { response, text } = await answerTo(t, plumbing)
  t.is(response.status, 413)
  t.like(JSON.parse(text), { code: 'invalid_request' })
  t.notRegex(text, /inner/)
  t.is((await answerTo(t, new URIError('URI malformed'))).response.status, 400)
})

test('a browser gets a page', async (t) => {
  const { response, text } = await answerTo(t, new AppError('csrf'), 'text/html')
  t.is(response.status, 403)
  t.is(text, '<p>csrf</p>')
})

test('what fails while an answer is sent is logged as an error, with its stack', async (t) => {
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) })
  const failed = Promise.withResolvers<void>()
  const origin = await serve(t, (ctx) => {
    ctx.app.on('error', logUnanswered(log)).once('error', () => failed.resolve())
    ctx.body = Readable.from(failing())
  })
  await t.throwsAsync(fetch(origin).then((response) => response.text()))
  await failed.promise
  t.like(JSON.parse(lines[0]!), {
    level: 50,
    msg: 'connection failed',
    err: { message: 'no disk' },
  })
  t.true(lines[0]!.includes('stack'))
})

async function* failing() {
  yield 'the beginning'
  throw new Error('no disk')
}

test('the documents list every error with its status and meaning', (t) => {
  const rows = readFileSync('docs/json-api.md', 'utf8').matchAll(
    /^\| `([a-z_]+)` +\| (\d{3}) +\| (\S.*?) +\|$/gm,
  )
  const listed = [...rows].map(([, code, status, meaning]) => [code, Number(status), meaning])
  const errors = Object.entries(errorCatalogue).map(([code, one]) => [
    code,
    one.status,
    one.meaning,
  ])
  t.deepEqual(listed, errors)
})
