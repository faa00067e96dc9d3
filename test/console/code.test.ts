import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { decodeJwt } from 'jose'
import { authorize } from '../support/relying-party.ts'
import { createBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { start, type Fixture } from '../support/start.ts'
import { administrator, codeOf, shownOnce } from './administrator.ts'

/** The commands by which the pages say that their code is run. */
const programs = {
  node: [process.execPath, '--input-type=module'],
  python: ['python3', '-'],
  shell: ['sh'],
}

/** Runs code as it was copied, given by standard input so that it finds the packages of this folder. */
function run(
  t: ExecutionContext,
  [program = '', ...args]: readonly string[],
  { code, env = {} }: { code: string; env?: Record<string, string> },
) {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  child.stdin.end(code)
  return child
}

const outputOf = (child: ReturnType<typeof run>): Promise<string> => text(child.stdout)

const resource = 'https://api.example.com/notes'

async function withResource(t: ExecutionContext) {
  const fixture = await start(t)
  await fixture.storage.resources.put({
    identifier: resource,
    name: { en: 'Notes' },
    scopes: [{ name: 'notes:read', description: { en: 'See your notes' } }],
  })
  return { fixture, ...(await administrator(fixture)) }
}

test('the code of a machine gets a token for its API: shell, Node and Python, as pasted', async (t) => {
  const { open } = await withResource(t)
  const form = await open('/console/clients/new?kind=machine')
  const made = await form.submit('/console/clients/new', {
    client_name: 'Night\'s "job" $(touch /tmp/no) `x`',
    default_resource: resource,
    scope: 'notes:read',
  })
  const id = shownOnce(made, 'Client ID')
  const later = await open(`/console/clients/${id}/integrate`)
  const secret = shownOnce(made, 'Client secret')
  t.false(later.html.includes(secret))

  for (const [page, env] of [
    [made, {}],
    [later, { CLIENT_SECRET: secret }],
  ] as const) {
    for (const [heading, program] of [
      ['Command line', programs.shell],
      ['Node', programs.node],
      ['Python', programs.python],
    ] as const) {
      const printed = await outputOf(run(t, program, { code: codeOf(page, heading), env }))
      const [token = ''] = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(printed) ?? []
      t.like(decodeJwt(token), { aud: resource, client_id: id, scope: 'notes:read' }, heading)
    }
  }
})

for (const [heading, program] of [
  ['Node', programs.node],
  ['Python', programs.python],
] as const)
  test(`the ${heading} code of a web application signs people in, as pasted`, async (t) => {
    const { fixture, open } = await withResource(t)
    const origin = `http://localhost:${await freePort()}`
    const form = await open('/console/clients/new?kind=web')
    const made = await form.submit('/console/clients/new', {
      client_name: 'Web notes',
      redirect_uris: `${origin}/back`,
    })
    const child = run(t, program, { code: codeOf(made, heading) })
    await once(child.stdout, 'data')

    const person = await fixture.addUser()
    const away = await fetch(`${origin}/`, { redirect: 'manual' })
    const cookie = away.headers.getSetCookie()[0]!.split(';')[0]!
    const left = await authorize(
      createBrowser(fixture.issuer),
      new URL(away.headers.get('location')!),
      person,
    )
    t.true([400, 500].includes((await fetch(left)).status))
    const again = await fetch(`${origin}/`, { redirect: 'manual', headers: { cookie } })
    t.is(again.status, 303)
    const back = await fetch(left, { headers: { cookie } })
    t.is(back.status, 200)
    t.like(await back.json(), { sub: person.id, iss: fixture.issuer })
  })

/** Feeds the shell its code, waits for the address that it prints, and lets `answer` say what is pasted next. */
async function converse(
  t: ExecutionContext,
  code: string,
  answer: (address: string) => Promise<string>,
): Promise<string> {
  const child = spawn('sh', {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  child.stdin.write(`${code}\n`)
  let printed = ''
  for await (const chunk of child.stdout) {
    printed += String(chunk)
    const address = /https?:\/\/\S+(?=\s)/.exec(printed)?.[0]
    if (address !== undefined && !child.stdin.writableEnded)
      child.stdin.end(`${await answer(address)}\n`)
  }
  return printed
}

const idTokenIn = (printed: string) =>
  decodeJwt(/"id_token": *"([^"]+)"/.exec(printed)?.[1] ?? 'none')

test('the shell code of an application for people gets tokens for who pastes the address', async (t) => {
  const { fixture, open } = await withResource(t)
  for (const kind of ['web', 'spa', 'native']) {
    const form = await open(`/console/clients/new?kind=${kind}`)
    const made = await form.submit('/console/clients/new', {
      client_name: 'Notes',
      redirect_uris: 'https://notes.example.com/back?a=1',
    })
    const person = await fixture.addUser()
    const printed = await converse(t, codeOf(made, 'Command line'), async (address) => {
      const left = await authorize(createBrowser(fixture.issuer), new URL(address), person)
      return left.href
    })
    t.is(idTokenIn(printed).sub, person.id, kind)
  }
})

test('the shell code of a device waits until someone has signed in', async (t) => {
  const { fixture, open } = await withResource(t)
  const form = await open('/console/clients/new?kind=native')
  const made = await form.submit('/console/clients/new', {
    client_name: 'Television',
    redirect_uris: 'com.example.tv:/back',
    device: 'yes',
  })
  const person = await fixture.addUser()
  const printed = await converse(t, codeOf(made, 'Device'), async (address) => {
    await allowDevice(fixture, address, person)
    return ''
  })
  t.is(idTokenIn(printed).sub, person.id)
})

async function allowDevice(
  { issuer }: Fixture,
  address: string,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const page = await createBrowser(issuer).open(address)
  // The address has the code in it, so the page sends itself.
  const typed = await page.submit('/device')
  const login = await typed.submit('op.deviceConfirmForm')
  const consent = await login.submit('/login', { identifier: email, password })
  await consent.submit('/consent')
}
