import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '#config/load.ts'
import { sha256 } from '#lib/hashing.ts'
import type { Storage } from '#storage/storage.ts'
import { openStorage } from '#compose/storage.ts'
import { giveSigningKeys } from '../support/signing-keys.ts'
import { start } from '../support/start.ts'
import { environment, yumen, type Outcome } from './cli.ts'

async function prepare(t: ExecutionContext) {
  const env = await environment(t)
  const config = loadConfig(env)
  const withStorage = async <T>(work: (storage: Storage) => Promise<T>): Promise<T> => {
    const storage = await openStorage(config)
    try {
      return await work(storage)
    } finally {
      await storage.close()
    }
  }
  await withStorage(async (storage) => {
    await storage.migrate()
    await giveSigningKeys(storage)
  })
  return { env, withStorage }
}

const factIn = ({ out }: Outcome, name: string): string =>
  new RegExp(`^${name} +(\\S+)$`, 'm').exec(out)![1]!

test('client create registers an application and prints its secret once', async (t) => {
  const { env, withStorage } = await prepare(t)
  const made = await yumen(
    env,
    ...'client create --name Notes --first-party --redirect-uri https://notes.example/cb https://notes.example/cb2 --cors-origin https://notes.example'.split(
      ' ',
    ),
  )
  t.deepEqual([made.code, made.err], [0, ''])
  const id = factIn(made, 'client_id')
  const secret = factIn(made, 'client_secret')
  await withStorage(async ({ clients, audit }) => {
    const client = await clients.find(id)
    t.deepEqual(client!.secretHashes, [sha256(secret)])
    t.deepEqual(client!.metadata, {
      client_name: 'Notes',
      redirect_uris: ['https://notes.example/cb', 'https://notes.example/cb2'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      first_party: true,
      allowed_cors_origins: ['https://notes.example'],
    })
    const { events } = await audit.list({ limit: 9 })
    t.like(events[0], { type: 'client.created', actor: 'cli', target: `client:${id}` })
    t.false(JSON.stringify(events).includes(secret))
  })
  const { out } = await yumen(env, 'client', 'list')
  t.regex(out, new RegExp(`^${id}  "Notes"  secrets: 1  first-party  since `))
  t.false(out.includes(secret))
})

test('client create makes public clients without a secret, and service clients without a redirect', async (t) => {
  const { env, withStorage } = await prepare(t)
  const spa = await yumen(
    env,
    ...'client create --name SPA --public --redirect-uri https://spa.example/'.split(' '),
  )
  t.notRegex(spa.out, /client_secret/)
  const service = await yumen(
    env,
    ...'client create --name Job --id job --grant client_credentials'.split(' '),
  )
  t.deepEqual([service.code, service.err], [0, ''])
  await withStorage(async ({ clients }) => {
    t.like((await clients.find(factIn(spa, 'client_id')))!, { secretHashes: [] })
    t.like((await clients.find('job'))!.metadata, { redirect_uris: [], response_types: [] })
  })
  const again = await yumen(
    env,
    ...'client create --name Other --id job --grant client_credentials'.split(' '),
  )
  t.deepEqual([again.code, again.err], [1, 'There is a client "job" already.\n'])
})

test('client create says what the engine has against the metadata, and registers nothing', async (t) => {
  const { env, withStorage } = await prepare(t)
  const wrong = [
    [/redirect_uris/, '--redirect-uri', 'nonsense'],
    [/web uris/, '--public', '--redirect-uri', 'myapp:/cb'],
    [/allowed_cors_origins/, '--grant', 'client_credentials', '--cors-origin', 'https://a/path'],
    [/grant_types/, '--grant', 'password'],
    [/There is no resource/, '--grant', 'client_credentials', '--resource', 'https://no.example'],
  ] as const
  for (const [sentence, ...args] of wrong) {
    const { code, out, err } = await yumen(env, 'client', 'create', '--name', 'Bad', ...args)
    t.deepEqual([code, out], [1, ''], args.join(' '))
    t.regex(err, sentence)
    t.is(err.trim().split('\n').length, 1, err)
  }
  t.deepEqual(await withStorage((storage) => storage.clients.list({ limit: 9 })), {
    clients: [],
    next: undefined,
  })
})

test('client rotate-secret adds a second secret, and --drop-old ends the first', async (t) => {
  const { env, withStorage } = await prepare(t)
  const made = await yumen(
    env,
    ...'client create --name Job --id job --grant client_credentials'.split(' '),
  )
  const hashes = () => withStorage(async ({ clients }) => (await clients.find('job'))!.secretHashes)
  const [first, second] = [
    factIn(made, 'client_secret'),
    factIn(await yumen(env, 'client', 'rotate-secret', 'job'), 'client_secret'),
  ]
  t.deepEqual(await hashes(), [sha256(first), sha256(second)])
  const third = await yumen(env, 'client', 'rotate-secret', 'job')
  t.is(third.code, 1)
  t.regex(third.err, /two secrets already/)
  t.is((await yumen(env, 'client', 'rotate-secret', 'job', '--drop-old')).code, 0)
  t.deepEqual(await hashes(), [sha256(second)])
  t.is((await yumen(env, 'client', 'rotate-secret', 'job', '--drop-old')).code, 1)
  const unknown = await yumen(env, 'client', 'rotate-secret', 'nobody')
  t.deepEqual([unknown.code, unknown.err], [1, 'There is no client "nobody".\n'])
})

test('token issue prints tokens that the server takes', async (t) => {
  const fixture = await start(t)
  const { email } = await fixture.addUser()
  const { config } = fixture
  const env = {
    NODE_ENV: 'test',
    ISSUER: config.ISSUER,
    DATA_DIR: config.DATA_DIR,
    DATABASE_URL: config.DATABASE_URL,
    SECRET_KEY: config.SECRET_KEY!,
  }
  const { code, out, err } = await yumen(env, 'token', 'issue', '--user', email)
  t.deepEqual([code, err], [0, ''])
  const tokens = JSON.parse(out) as Record<string, string>
  t.like(tokens, { token_type: 'Bearer' })
  const me = await fetch(`${config.ISSUER}/users/me`, {
    headers: { authorization: `Bearer ${tokens['access_token']}` },
  })
  t.is(me.status, 200)
  t.like(await me.json(), { email })

  const wrong = [
    [/Nobody has/, '--user', 'nobody'],
    [/no such resource/, '--user', email, '--resource', 'https://no.example'],
    [/no such client/, '--user', email, '--client', 'nobody'],
  ] as const
  for (const [sentence, ...args] of wrong) {
    const refused = await yumen(env, 'token', 'issue', ...args)
    t.deepEqual([refused.code, refused.out], [1, ''])
    t.regex(refused.err, sentence)
  }
})

test('a command needs no server to have run: signing keys are made once', async (t) => {
  const { env, withStorage } = await prepare(t)
  const create = ['client', 'create', '--name', 'Job', '--grant', 'client_credentials']
  const outcomes = await Promise.all([yumen(env, ...create), yumen(env, ...create)])
  t.deepEqual(
    outcomes.map(({ code }) => code),
    [0, 0],
  )
  t.is((await withStorage(({ signingKeys }) => signingKeys.list())).length, 4)
})
