import type { ExecutionContext } from 'ava'
import { bodies } from '../api/bodies.ts'
import { readContract, type Operation } from '../api/document.ts'
import { onEveryDatabase } from '../support/storages.ts'
import type { Fixture } from '../support/start.ts'
import { send, type Answer } from './journey.ts'

/** A body as it goes out: JSON cannot be told to write `__proto__`, half a surrogate pair, or a number past its range. */
type Written = string

/** Numbers from 0 to 1, the same in every run: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What a parser, a schema, a database or a template may choke on. */
const nasty: Written[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e308',
  '1e999',
  '-0',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"a\\udfffb"',
  '"\\u202e\\u200b\\ufeff"',
  JSON.stringify('x'.repeat(5000)),
  JSON.stringify('🙂'.repeat(300)),
  JSON.stringify("' OR 1=1; -- <%= 1 %> ${1} {{1}} %s \\"),
  JSON.stringify('../../../etc/passwd'),
  '[]',
  '[null]',
  '["a",{"b":[]}]',
  '{}',
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{"a":1}}}',
  '{"toString":1,"hasOwnProperty":null,"length":-1,"then":1}',
  '{"\\u0000":1,"\\ud800":2,"":3}',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  `{${Array.from({ length: 500 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
]

const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '\\u0000',
  '\\ud800',
  '',
  '$where',
]

const objectOf = (entries: [string, Written][]): Written =>
  `{${entries.map(([key, value]) => `"${key}":${value}`).join(',')}}`

/** The valid body with one thing wrong: each member in some nasty way or missing, members that no one asked for. */
function mutations(valid: () => Record<string, unknown>, random: () => number): Written[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const entries = (): [string, Written][] =>
    Object.entries(valid()).map(([key, value]) => [key, JSON.stringify(value)])
  const replaced = (name: string, value: Written): Written =>
    objectOf(entries().map(([key, given]) => [key, key === name ? value : given]))
  const names = Object.keys(valid())
  return [
    ...nasty.slice(0, 3).concat('"a"', '[]', pick(nasty)),
    ...names.flatMap((name) => [
      objectOf(entries().filter(([key]) => key !== name)),
      // Those that a database minds, always; of the others some.
      replaced(name, '"a\\u0000b"'),
      replaced(name, '"\\ud800"'),
      ...Array.from({ length: 3 }, () => replaced(name, pick(nasty))),
    ]),
    ...keys.map((key) => objectOf([...entries(), [key, pick(nasty)]])),
    ...inner(valid()).map(([name, value]) =>
      replaced(
        name,
        value.replace(/"[^"]*"(?=[,}\]])|\d+/, () => pick(nasty)),
      ),
    ),
  ]
}

/** The members that have members, three times each. */
const inner = (valid: Record<string, unknown>): [string, Written][] =>
  Object.entries(valid).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? Array.from({ length: 3 }, (): [string, Written] => [name, JSON.stringify(value)])
      : [],
  )

const asFilled = (path: string, ids: Record<string, string>): string =>
  path.replaceAll(
    /(\w+)\/\{\w+\}/g,
    (_, kind: string) => `${kind}/${encodeURIComponent(ids[kind]!)}`,
  )

/** No failure of the server, and a refusal is a problem document that names its trace. */
function isSound(
  t: ExecutionContext,
  { status, headers, text, json }: Answer,
  label: string,
): void {
  t.true(status < 500, `${label}: ${status} ${text.slice(0, 300)}`)
  if (status < 400) return
  t.is(headers.get('content-type')?.split(';')[0], 'application/problem+json', label)
  t.regex(String(json['code']), /^\w+$/, label)
  t.regex(String(json['trace_id']), /^[0-9a-f]{32}$/, label)
}

/** Anyone who may do all of it, and what they do it to. */
async function scene(fixture: Fixture, t: ExecutionContext) {
  const boss = await fixture.addUser()
  await fixture.storage.users.update(boss.id, { roles: ['admin'] })
  const server = await fixture.addClient()
  const basic = `Basic ${Buffer.from(`${server.id}:${server.secret}`).toString('base64')}`
  const login = await send(`${fixture.issuer}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: boss.email, password: boss.password }),
  })
  t.is(login.status, 200)
  const bearer = `Bearer ${String(login.json['access_token'])}`
  const ids = {
    users: (await fixture.addUser()).id,
    clients: (await fixture.addClient()).id,
    roles: 'fuzzed',
    resources: 'https://api.example/fuzzed',
  }
  await fixture.storage.roles.put({ name: ids.roles, description: undefined, permissions: {} })
  await fixture.storage.resources.put({ identifier: ids.resources, name: { en: 'A' }, scopes: [] })
  const authorizationOf = ({ path, isGuarded }: Operation): Record<string, string> =>
    isGuarded ? { authorization: path === '/auth/verify' ? basic : bearer } : {}
  return { ids, authorizationOf }
}

onEveryDatabase('no body makes a route of the JSON API fail', async (t, begin) => {
  const fixture = await begin({ env: { SMTP_URL: 'smtp://127.0.0.1:9' } })
  const { operations } = await readContract(fixture.issuer)
  const withBody = operations.filter(({ body }) => body !== undefined)
  t.deepEqual(withBody.map(({ name }) => name).sort(), Object.keys(bodies).sort())

  const { ids, authorizationOf } = await scene(fixture, t)
  const random = randomOf(20_260_301)
  // Last, because every sign-in ends with it.
  const erase = withBody.filter(({ name }) => name === 'DELETE /users/me')
  for (const operation of [...withBody.filter((one) => !erase.includes(one)), ...erase]) {
    const { name, method, path } = operation
    const headers = { 'content-type': 'application/json', ...authorizationOf(operation) }
    const url = fixture.issuer + asFilled(path, ids)
    const sent = mutations(bodies[name]!, random)
    // A few at once, as they would come.
    for (let index = 0; index < sent.length; index += 8) {
      await Promise.all(
        sent.slice(index, index + 8).map(async (body) => {
          isSound(t, await send(url, { method, headers, body }), `${name} ${body.slice(0, 300)}`)
        }),
      )
    }
    // Nothing of it was refused only because no one was signed in any more.
    const { json } = await send(url, { method, headers, body: JSON.stringify(bodies[name]!()) })
    if (operation.isGuarded && !erase.includes(operation)) t.not(json['code'], 'unauthorized', name)
  }
})
