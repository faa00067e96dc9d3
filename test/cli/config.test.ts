import test from 'ava'
import { environment, yumen } from './cli.ts'
import { temporaryFile } from './import/temporary-file.ts'

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

test('config validate says what of the file the server would not start with', async (t) => {
  const env = await environment(t)
  const resource = `http://localhost:${env['PORT'] ?? 3000}/api`
  const declared = {
    resources: [{ identifier: resource, name: 'Ours', scopes: [] }],
    clients: [
      { client_id: 'odd', redirect_uri: 'https://a.example', colour: 'red', redirect_uris: [] },
      {
        client_id: 'app',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['myapp://callback'],
      },
    ],
  }
  const CONFIG_FILE = await temporaryFile(t, 'yumen.yaml', JSON.stringify(declared))
  const { code, out, err } = await yumen(
    { ...env, CONFIG_FILE, API_RESOURCE: resource },
    'config',
    'validate',
  )
  t.is(code, 78)
  t.is(out, '')
  const [own, unknown, ...others] = err.trim().split('\n')
  t.is(own, `Resource ${resource} is the API of this server: its scopes cannot be declared.`)
  t.is(unknown, 'Client odd: unknown redirect_uri, colour.')
  t.is(others.at(-1), 'Client app: redirect_uris must only contain web uris.')
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
