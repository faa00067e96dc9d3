import test, { type ExecutionContext } from 'ava'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDeclared } from '#config/declared.ts'
import { InvalidConfig } from '#config/load.ts'

function fileWith(t: ExecutionContext, text: string): { CONFIG_FILE: string } {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-declared-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const CONFIG_FILE = join(folder, 'yumen.yaml')
  writeFileSync(CONFIG_FILE, text)
  return { CONFIG_FILE }
}

const problem = (t: ExecutionContext, text: string): string =>
  t.throws(() => loadDeclared(fileWith(t, text)), { instanceOf: InvalidConfig }).message

test('an empty file declares nothing', (t) => {
  t.deepEqual(loadDeclared(fileWith(t, '')), {
    resources: [],
    clients: [],
    trustedIssuers: [],
    wechatApps: [],
    providers: [],
  })
})

test('a name is a text, or a text for each language', (t) => {
  const { resources } = loadDeclared(
    fileWith(
      t,
      `
resources:
  - identifier: https://notes.example/api
    name: Notes
    access_token_ttl: 300
    scopes:
      - name: notes:read
        description: { en: Read notes, zh-CN: 查看笔记 }
        sensitive: true
`,
    ),
  )
  t.deepEqual(resources, [
    {
      identifier: 'https://notes.example/api',
      name: { en: 'Notes' },
      access_token_ttl: 300,
      scopes: [
        {
          name: 'notes:read',
          description: { en: 'Read notes', 'zh-CN': '查看笔记' },
          sensitive: true,
        },
      ],
    },
  ])
})

test('a client’s secret may stand in a file of its own', (t) => {
  const secret = 'client-secret-of-at-least-32-characters'
  const { CONFIG_FILE: secretFile } = fileWith(t, `${secret}\n`)
  const text = `clients: [{ client_id: app, client_secret_file: ${secretFile} }]`
  t.deepEqual(loadDeclared(fileWith(t, text)).clients, [
    { client_id: 'app', client_secret: secret },
  ])
  const missing = 'clients: [{ client_id: app, client_secret_file: /nowhere/secret }]'
  t.regex(problem(t, missing), /client_secret_file of app names a file that cannot be read/)
})

test('what is wrong in the file is told by its place, and a secret is not repeated', (t) => {
  t.regex(problem(t, 'clints: []'), /clints/)
  t.regex(problem(t, 'resources: [{ identifier: x, name: N }]'), /resources\.0\.identifier/)
  t.regex(
    problem(t, 'resources: [{ identifier: "https://a.example/#b", name: N }]'),
    /resources\.0\.identifier must have no fragment/,
  )
  t.regex(
    problem(
      t,
      'resources: [{ identifier: "https://a.example", name: N, scopes: [{ name: "a b", description: D }] }]',
    ),
    /resources\.0\.scopes\.0\.name must be a scope token/,
  )
  const short = problem(t, 'clients: [{ client_id: app, client_secret: hunter2 }]')
  t.regex(short, /clients\.0\.client_secret must have at least 32 characters/)
  t.false(short.includes('hunter2'))
})

test('a file that is named and is not there, or is no YAML, is refused', (t) => {
  t.throws(() => loadDeclared({ CONFIG_FILE: '/nowhere/yumen.yaml' }), {
    instanceOf: InvalidConfig,
    message: /^\/nowhere\/yumen\.yaml cannot be read/,
  })
  const broken = problem(t, 'clients:\n  - client_id: app\n    client_secret: "hunter2')
  t.regex(broken, /cannot be read: .* at line 3, column \d+/)
  t.false(broken.includes('hunter2'))
})

test('a resource may choose claims out of the metadata, but none that means something', (t) => {
  const text = (claims: string): string =>
    `resources: [{ identifier: https://shop.example/, name: Shop, metadata_claims: ${claims} }]`
  const { resources } = loadDeclared(fileWith(t, text('{ tier: public.tier }')))
  t.deepEqual(resources[0]?.metadata_claims, { tier: 'public.tier' })
  t.regex(problem(t, text('{ roles: public.roles }')), /must not name "roles"/)
  t.regex(problem(t, text('{ tier: tier }')), /must say where "tier" is/)
})
