import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { loadDeclared } from '#config/declared.ts'
import { InvalidConfig, loadConfig } from '#config/load.ts'
import { providersOfEnvironment } from '#config/providers.ts'

test('the environment names a provider by its id and its secret', (t) => {
  const config = loadConfig({
    GOOGLE_CLIENT_ID: 'g',
    GOOGLE_CLIENT_SECRET: 's',
    GOOGLE_BASE_URL: 'https://google.example/',
  })
  t.like(providersOfEnvironment(config)[0], {
    id: 'google',
    kind: 'google',
    client_id: 'g',
    client_secret: 's',
    base_url: 'https://google.example',
  })
  t.is(providersOfEnvironment(config).length, 1)
  t.deepEqual(providersOfEnvironment(loadConfig({})), [])
})

test('half a provider stops the start with a sentence', (t) => {
  const { problems } = t.throws(
    () => loadConfig({ GITHUB_CLIENT_ID: 'g', APPLE_CLIENT_ID: 'a', APPLE_TEAM_ID: 't' }),
    { instanceOf: InvalidConfig },
  )
  t.regex(problems.join('\n'), /^GITHUB_CLIENT_SECRET must be set as well/m)
  t.regex(problems.join('\n'), /^APPLE_KEY_ID and APPLE_PRIVATE_KEY must be set as well/m)
})

function declared(t: ExecutionContext, providers: object[]) {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-providers-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'yumen.yaml')
  writeFileSync(join(folder, 'secret'), ' from a file\n')
  writeFileSync(path, JSON.stringify({ providers }).replaceAll('FOLDER', folder))
  return () => loadDeclared({ CONFIG_FILE: path }).providers
}

const acme = {
  id: 'acme',
  kind: 'oidc',
  name: '顶点',
  issuer: 'https://acme.example',
  client_id: 'c',
  client_secret_file: 'FOLDER/secret',
}

test('the file holds several apps of one kind, with their secrets in files', (t) => {
  const { client_secret_file: _file, ...rest } = acme
  const read = declared(t, [acme, { ...acme, id: 'acme-2' }])()
  t.deepEqual(read, [
    { ...rest, client_secret: 'from a file' },
    { ...rest, id: 'acme-2', client_secret: 'from a file' },
  ] as never)
})

test('a wrong provider of the file stops the start', (t) => {
  const wrong: [object[], RegExp][] = [
    [[acme, acme], /has an id twice/],
    [[{ ...acme, id: 'token' }], /is a word of the server’s own/],
    [[{ ...acme, issuer: undefined }], /issuer is needed for kind oidc/],
    [[{ ...acme, client_secret: 'x' }], /needs client_secret or client_secret_file/],
    [[{ ...acme, client_secret_file: undefined }], /needs client_secret or client_secret_file/],
    [[{ ...acme, secret: 'x' }], /secret/],
  ]
  for (const [providers, message] of wrong)
    t.regex(t.throws(declared(t, providers), { instanceOf: InvalidConfig }).message, message)
})
