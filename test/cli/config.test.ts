import test from 'ava'
import { environment, yumen } from './cli.ts'

test('config validate exits 0 for a good environment, and touches nothing', async (t) => {
  const { code, out, err } = await yumen(await environment(t), 'config', 'validate')
  t.deepEqual({ code, out, err }, { code: 0, out: 'The configuration is valid.\n', err: '' })
})

test('config validate exits 78 with one sentence for each bad value, and no stack', async (t) => {
  const env = { ...(await environment(t)), PORT: 'x', LOG_LEVEL: 'loud', SECRET_KEY: 'hunter2' }
  const { code, out, err } = await yumen(env, 'config', 'validate')
  t.is(code, 78)
  t.is(out, '')
  t.deepEqual(err.trim().split('\n'), [
    'PORT must be a whole number from 0 to 65535, not "x".',
    'LOG_LEVEL must be one of fatal, error, warn, info, debug, silent, not "loud".',
    'SECRET_KEY must have at least 32 characters.',
  ])
})

test('config print shows what is in force and no secret', async (t) => {
  const env = await environment(t)
  const { code, out, err } = await yumen(
    { ...env, PORT: '8080', REDIS_URL: 'redis://:redis-password@cache' },
    'config',
    'print',
  )
  t.is(code, 0)
  t.is(err, '')
  t.regex(out, /^PORT=8080 {2}# /m)
  t.regex(out, /^SECRET_KEY=\*+ {2}# /m)
  t.false(out.includes(env['SECRET_KEY']!))
  t.notRegex(out, /redis-password/)
})

test('an unknown command says so and exits 1; without one the commands are listed', async (t) => {
  const env = await environment(t)
  const unknown = await yumen(env, 'explode')
  t.is(unknown.code, 1)
  t.regex(unknown.err, /unknown command/)
  const help = await yumen(env, '--help')
  t.is(help.code, 0)
  for (const command of ['config', 'keys', 'migrate']) t.regex(help.out, new RegExp(command))
})
