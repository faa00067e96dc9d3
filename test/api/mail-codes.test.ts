import test, { type ExecutionContext } from 'ava'
import { apiOf, type Api } from '../support/api.ts'
import { codeIn, otherThan } from '../support/codes.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { start, type Fixture, type Person } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

interface Scene {
  fixture: Fixture
  inbox: Inbox
  api: Api
  person: Person
  /** The code of a mail that is asked for now. */
  ask(): Promise<string>
  confirm(code: string, email?: string): ReturnType<Api['call']>
  isConfirmed(): Promise<boolean | undefined>
}

/** Someone whose address is not confirmed. */
async function open(
  t: ExecutionContext,
  begin: (options: { env: Record<string, string> }) => Promise<Fixture>,
  env: Record<string, string> = {},
): Promise<Scene> {
  const inbox = await openInbox(t)
  const fixture = await begin({ env: { SMTP_URL: inbox.url, ...env } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  return {
    fixture,
    inbox,
    api,
    person,
    async ask() {
      inbox.received.length = 0
      await api.call('POST', '/auth/request-verify', { body: { email: person.email } })
      return codeIn(await inbox.waitFor(/^Your code is/))
    },
    confirm: (code, email = person.email) =>
      api.call('POST', '/auth/verify-email', { body: { email, code } }),
    isConfirmed: async () => (await fixture.storage.users.findById(person.id))?.emailVerified,
  }
}

onStorages('an address is confirmed by its code, once, however it is typed', async (t, begin) => {
  const { person, inbox, ask, confirm, isConfirmed } = await open(t, begin)
  const code = await ask()
  t.regex(code, /^\d{3} \d{3}$/)
  t.is(inbox.received[0]?.subject, `Your code is ${code}`)
  t.is((await confirm(otherThan(code))).status, 400)
  t.false(await isConfirmed())
  const typed = code.replace(' ', '－')
  t.is((await confirm(typed, person.email.toUpperCase())).status, 200)
  t.true(await isConfirmed())
  t.is((await confirm(code)).body.code, 'invalid_code')
})

onStorages('of fifty parallel uses of one code exactly one works', async (t, begin) => {
  const { ask, confirm } = await open(t, begin)
  const code = await ask()
  const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(code)))
  t.is(answers.filter(({ status }) => status === 200).length, 1)
  t.is(answers.filter(({ body }) => body.code === 'invalid_code').length, 49)
})

onStorages('a code is void after five wrong tries, parallel ones too', async (t, begin) => {
  const { ask, confirm, isConfirmed } = await open(t, begin)
  const code = await ask()
  const wrong = Array.from({ length: 20 }, (_, n) => confirm(otherThan(code, n + 1)))
  t.true((await Promise.all(wrong)).every(({ body }) => body.code === 'invalid_code'))
  t.is((await confirm(code)).body.code, 'invalid_code')
  t.false(await isConfirmed())

  const next = await ask()
  for (let n = 1; n <= 4; n++) await confirm(otherThan(next, n))
  t.is((await confirm(next)).status, 200)
})

onStorages('a new mail makes the earlier code and link useless', async (t, begin) => {
  const { api, inbox, ask, confirm, isConfirmed } = await open(t, begin)
  const first = await ask()
  const link = /token=([\w-]+)/.exec(inbox.received[0]!.text)![1]
  const second = await ask()
  if (first !== second) t.is((await confirm(first)).status, 400)
  t.is((await api.call('POST', '/auth/verify-email', { body: { token: link } })).status, 400)
  t.false(await isConfirmed())
  t.is((await confirm(second)).status, 200)
})

test('the code makes the link beside it useless, and the link the code', async (t) => {
  const scene = await open(t, (options) => start(t, options))
  const linkOf = () => /token=([\w-]+)/.exec(scene.inbox.received[0]!.text)![1]
  const follow = () => scene.api.call('POST', '/auth/verify-email', { body: { token: linkOf() } })
  await scene.confirm(await scene.ask())
  t.is((await follow()).body.code, 'invalid_token')

  await scene.fixture.storage.users.update(scene.person.id, { emailVerified: false })
  const code = await scene.ask()
  t.is((await follow()).status, 200)
  t.is((await scene.confirm(code)).body.code, 'invalid_code')
})

test('a code is good for its own account and its own address only', async (t) => {
  const scene = await open(t, (options) => start(t, options))
  const other = await scene.fixture.addUser()
  const code = await scene.ask()
  t.is((await scene.confirm(code, other.email)).status, 400)
  t.is((await scene.confirm(code, 'nobody@example.com')).status, 400)
  const email = 'moved@example.com'
  await scene.fixture.storage.users.update(scene.person.id, { email })
  t.is((await scene.confirm(code, email)).status, 400)
  t.false(await scene.isConfirmed())
})

test('unknown, wrong and tried too often are answered alike', async (t) => {
  const { person, ask, confirm, isConfirmed } = await open(t, (options) => start(t, options))
  const code = await ask()
  const answers = [await confirm('000000', 'nobody@example.com')]
  for (let n = 1; n <= 5; n++) answers.push(await confirm(otherThan(code, n)))
  // The sixth try, with the right one.
  answers.push(await confirm(code))
  t.false(await isConfirmed())
  answers.push(await confirm('no digits', person.email))
  const [first, ...others] = answers.map(({ status, body }) => ({
    status,
    ...(body as object),
    trace_id: '',
  }))
  for (const one of others) t.deepEqual(one, first)
})

test('a code ends after fifteen minutes', async (t) => {
  const { fixture, person, ask } = await open(t, (options) => start(t, options))
  await ask()
  const [stored] = await fixture.storage.artifacts.listByAccount('MailCode', person.id)
  const left = stored!.expiresAt! - Date.now()
  t.true(left > 14 * 60_000 && left <= 15 * 60_000)
})

test('neither the database nor the list of mail shows a code', async (t) => {
  const { fixture, person, ask } = await open(t, (options) => start(t, options))
  const code = await ask()
  const [stored] = await fixture.storage.artifacts.listByAccount('MailCode', person.id)
  t.deepEqual(Object.keys(JSON.parse(stored!.payload) as object), ['purpose', 'email', 'hash'])
  t.false(JSON.stringify(stored).includes(code.replace(' ', '')))

  const away = await start(t, { env: { SMTP_URL: 'smtp://127.0.0.1:9' } })
  const { email } = await away.addUser()
  await away.server.services.accounts.recovery.requestVerification({ email }, { locale: 'en' })
  const { mails } = await away.storage.mailQueue.list({ limit: 10 })
  t.deepEqual(
    mails.map(({ subject }) => subject),
    ['Code to confirm an address'],
  )
})

test('requests of one address cause so many mails an hour, anyone who they go to', async (t) => {
  const { fixture, inbox, api } = await open(t, (options) => start(t, options), {
    MAILS_PER_ADDRESS_PER_HOUR: '2',
  })
  const people = await Promise.all([1, 2, 3].map(() => fixture.addUser()))
  const answers = []
  for (const { email } of people) {
    answers.push(await api.call('POST', '/auth/forgot-password', { body: { email } }))
    await fixture.server.services.mail.queue.work()
  }
  const registration = { email: people[0]!.email, password: 'a long password' }
  t.is((await api.call('POST', '/auth/register', { body: registration })).status, 201)
  t.deepEqual(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)

  // An administrator is no stranger.
  await fixture.server.services.accounts.recovery.forgotPassword(people[2]!.email, {
    locale: 'zh-CN',
  })
  await fixture.server.services.mail.queue.work()
  t.deepEqual(
    inbox.received.flatMap(({ to }) => to).toSorted(),
    people.map(({ email }) => email).toSorted(),
  )
})
