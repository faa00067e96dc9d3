import test from 'ava'
import type { Client as EngineClient } from 'oidc-provider'
import { sha256 } from '#lib/hashing.ts'
import {
  createClientAdapter,
  extraClientMetadata,
  isOriginAllowed,
  matchesSecret,
  mayIntrospect,
} from '#oidc/clients.ts'
import type { ClientStore } from '#storage/clients.ts'

const clientOf = (properties: Record<string, unknown>) => properties as unknown as EngineClient

test('a client is given to the engine with hashes where it expects the secret', async (t) => {
  const asked: string[] = []
  const adapter = createClientAdapter({
    find: (id: string) => {
      asked.push(id)
      return Promise.resolve(
        id === 'app'
          ? {
              id,
              metadata: { client_name: 'App' },
              secretHashes: ['h1', 'h2'],
              createdAt: 0,
              updatedAt: 0,
            }
          : undefined,
      )
    },
  } as unknown as ClientStore)
  t.deepEqual(await adapter.find('app'), {
    client_name: 'App',
    client_secret: 'h1 h2',
    client_id: 'app',
  })
  t.is(await adapter.find('nobody'), undefined)
  t.is(await adapter.find('app\0'), undefined)
  t.deepEqual(asked, ['app', 'nobody'], 'no NUL byte reaches the database')
})

test('a secret matches any of the hashes, and a hash matches nothing', (t) => {
  const both = clientOf({ clientSecret: `${sha256('old')} ${sha256('new')}` })
  for (const [given, expected] of [
    ['old', true],
    ['new', true],
    ['', false],
    ['other', false],
    [sha256('old'), false],
    [both.clientSecret!, false],
  ] as const)
    t.is(matchesSecret.call(both, given), expected, given)
  t.false(matchesSecret.call(clientOf({}), ''))
})

test('an origin is allowed only as it is registered', (t) => {
  const client = clientOf({ allowed_cors_origins: ['https://app.example'] })
  t.true(isOriginAllowed(undefined, 'https://app.example', client))
  for (const origin of ['http://app.example', 'https://app.example:444', 'null', ''])
    t.false(isOriginAllowed(undefined, origin, client), origin)
  t.false(isOriginAllowed(undefined, 'https://app.example', clientOf({})))
})

test('a client may introspect its own tokens and those for a resource that it serves', (t) => {
  const server = clientOf({
    clientId: 'api',
    clientAuthMethod: 'client_secret_basic',
    introspection_resources: ['https://api.example'],
  })
  t.true(mayIntrospect(server, { clientId: 'api' }))
  t.true(mayIntrospect(server, { clientId: 'app', aud: 'https://api.example' }))
  t.true(mayIntrospect(server, { clientId: 'app', aud: ['https://api.example'] }))
  t.false(mayIntrospect(server, { clientId: 'app', aud: 'https://api.example/' }))
  t.false(mayIntrospect(server, { clientId: 'app' }))
  t.false(
    mayIntrospect(clientOf({ clientId: 'app', clientAuthMethod: 'none' }), { clientId: 'app' }),
  )
})

test('metadata of ours must have the right form', (t) => {
  const check = (key: string, value: unknown) => () =>
    extraClientMetadata.validator(undefined, key, value)
  for (const [key, good, bad] of [
    ['first_party', [true, false], ['true', 1, null]],
    ['verified', [true], ['yes']],
    ['accent_color', ['#0b6e4f'], ['0b6e4f', '#fff', 'red', '#0b6e4f;']],
    ['default_resource', ['https://api.example/v1'], ['api', 1, ['https://api.example']]],
    ['introspection_resources', [[], ['https://api.example']], ['https://api.example', ['api']]],
    [
      'allowed_cors_origins',
      [[], ['https://app.example', 'http://localhost:3000']],
      ['https://app.example', ['https://app.example/'], ['*'], ['null'], ['https://app.example/x']],
    ],
  ] as [string, unknown[], unknown[]][]) {
    t.notThrows(check(key, undefined))
    for (const value of good) t.notThrows(check(key, value), `${key} ${JSON.stringify(value)}`)
    for (const value of bad)
      t.throws(
        check(key, value),
        { message: 'invalid_client_metadata' },
        `${key} ${JSON.stringify(value)}`,
      )
  }
})
