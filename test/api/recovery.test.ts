import test from 'ava'
import { newId } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { openInbox, type ReceivedMail } from '../support/inbox.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const tokenIn = ({ text }: ReceivedMail): string => /token=([\w-]+)/.exec(text)?.[1] ?? ''

onStorages(
  'a forgotten password is set anew by mail, once, and every sign-in ends',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser({ email: 'li.hua@example.com' })
    const api = apiOf(fixture)
    const before = await api.login(person)

    t.is(
      (await api.call('POST', '/auth/forgot-password', { body: { email: 'LI.HUA@example.com' } }))
        .status,
      202,
    )
    const mail = await inbox.waitFor(/password/i)
    t.deepEqual(mail.to, ['li.hua@example.com'])
    t.true(mail.text.includes(`${fixture.issuer}/reset-password?token=`))
    const token = tokenIn(mail)

    const weak = await api.call('POST', '/auth/reset-password', {
      body: { token, password: 'short' },
    })
    t.is(weak.status, 422)
    const reset = await api.call('POST', '/auth/reset-password', {
      body: { token, password: 'a new password' },
    })
    t.is(reset.status, 200)
    t.is((await api.call('GET', '/users/me', { token: before.access_token })).status, 401)
    t.is(
      (await api.call('POST', '/auth/refresh', { body: { refresh_token: before.refresh_token } }))
        .status,
      401,
    )
    t.is((await api.call('POST', '/auth/login', { body: person })).status, 401)
    t.truthy(await api.login({ email: person.email, password: 'a new password' }))

    t.deepEqual((await inbox.waitFor(/was changed/)).to, ['li.hua@example.com'])
    const twice = await api.call('POST', '/auth/reset-password', {
      body: { token, password: 'another password' },
    })
    t.is(twice.body.code, 'invalid_token')
  },
)

onStorages('of fifty parallel uses of one reset link exactly one works', async (t, begin) => {
  const inbox = await openInbox(t)
  const fixture = await begin({ env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  await api.call('POST', '/auth/forgot-password', { body: { email: person.email } })
  const token = tokenIn(await inbox.waitFor(/password/i))
  const uses = Array.from({ length: 50 }, (_, n) =>
    api.call('POST', '/auth/reset-password', { body: { token, password: `password number ${n}` } }),
  )
  const answers = await Promise.all(uses)
  t.is(answers.filter(({ status }) => status === 200).length, 1)
  t.is(answers.filter(({ body }) => body.code === 'invalid_token').length, 49)
})

onStorages(
  'of fifty parallel uses of one link to confirm an address exactly one works',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const api = apiOf(fixture)
    for (const isHolder of [false, true]) {
      const person = await fixture.addUser()
      const token = isHolder ? (await api.login(person)).access_token : undefined
      inbox.received.length = 0
      await api.call('POST', '/auth/request-verify', { body: { email: person.email } })
      const body = { token: tokenIn(await inbox.waitFor(/^Your code is/)) }
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => api.call('POST', '/auth/verify-email', { token, body })),
      )
      t.is(answers.filter(({ status }) => status === 200).length, 1)
      t.is(answers.filter(({ body }) => body.code === 'invalid_token').length, 49)
      t.true((await fixture.storage.users.findById(person.id))?.emailVerified)
    }
  },
)

test('a reset ends the API keys, and leaves the second factors, of an account whose address is confirmed', async (t) => {
  const inbox = await openInbox(t)
  const { addUser, storage, ...fixture } = await start(t, { env: { SMTP_URL: inbox.url } })
  const { id, email } = await addUser()
  await storage.users.update(id, { emailVerified: true })
  const own = { id: newId(), userId: id, name: '' }
  await storage.apiKeys.create({ ...own, hash: 'h', scopes: [], createdAt: Date.now() })
  await storage.factors.add({ ...own, kind: 'totp', key: 'f', data: '{}', counter: 0 })
  const api = apiOf(fixture)
  await api.call('POST', '/auth/forgot-password', { body: { email } })
  const body = { token: tokenIn(await inbox.waitFor(/password/i)), password: 'a new password' }
  t.is((await api.call('POST', '/auth/reset-password', { body })).status, 200)
  t.deepEqual(await storage.apiKeys.listByUser(id), [])
  t.true(await storage.factors.anyOfUser(id))
})

test('a new link makes the old one useless, and a link is good for its own account only', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  await api.call('POST', '/auth/forgot-password', { body: { email: person.email } })
  const first = tokenIn(await inbox.waitFor(/password/i))
  inbox.received.length = 0
  await api.call('POST', '/auth/forgot-password', { body: { email: person.email } })
  const second = tokenIn(await inbox.waitFor(/password/i))
  const reset = (token: string, more = {}) =>
    api.call('POST', '/auth/reset-password', {
      body: { token, password: 'a new password', ...more },
    })
  t.is((await reset(first)).status, 400)
  const other = await fixture.addUser()
  t.is((await reset(second, { email: other.email, user_id: other.id })).status, 200)
  t.truthy(await api.login(other))
  t.truthy(await api.login({ email: person.email, password: 'a new password' }))
})

test('links that went to an address confirm no other that an administrator has set since', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const body = { email: person.email }
  await api.call('POST', '/auth/forgot-password', { body })
  const reset = tokenIn(await inbox.waitFor(/password/i))
  await api.call('POST', '/auth/request-verify', { body })
  const confirm = tokenIn(await inbox.waitFor(/^Your code is/))
  await fixture.storage.users.update(person.id, { email: 'moved@example.com' })
  const isConfirmed = async () => (await fixture.storage.users.findById(person.id))?.emailVerified

  const confirmed = await api.call('POST', '/auth/verify-email', { body: { token: confirm } })
  t.like(confirmed, { status: 400, body: { code: 'invalid_token' } })
  t.false(await isConfirmed())
  const password = 'a new password'
  await api.call('POST', '/auth/reset-password', { body: { token: reset, password } })
  t.false(await isConfirmed())
})

test('an unknown address is answered alike and gets no mail; a known one gets so many an hour', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, MAILS_PER_HOUR: '2' } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const ask = (email: string) => api.call('POST', '/auth/forgot-password', { body: { email } })
  const [known, unknown] = [await ask(person.email), await ask('nobody@example.com')]
  t.is(known.status, unknown.status)
  t.deepEqual(known.body, unknown.body)
  await inbox.waitFor(/password/i)
  const {
    accounts: { recovery },
    mail: { queue: mail },
  } = fixture.server.services
  // As the route does it behind its answer.
  for (const email of [person.email, person.email, 'nobody@example.com', person.email])
    await recovery.forgotPassword(email, { locale: 'en', address: '127.0.0.1' })
  await mail.work()
  t.deepEqual(
    inbox.received.map(({ to }) => to),
    [[person.email], [person.email]],
  )
})

test('a taken e-mail is answered as a free one, and its owner is told', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url } })
  const person = await fixture.addUser()
  const api = apiOf(fixture)
  const register = (email: string) =>
    api.call('POST', '/auth/register', {
      body: { email, password: 'a long password', nickname: '小明' },
    })
  const [taken, free] = [await register(person.email), await register('new@example.com')]
  t.is(taken.status, 201)
  t.deepEqual({ ...taken.body.user, email: '' }, { ...free.body.user, email: '' })
  t.deepEqual([...taken.headers.keys()], [...free.headers.keys()])
  for (let tries = 0; inbox.received.length < 2 && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  t.deepEqual(
    new Set(inbox.received.flatMap(({ to }) => to)),
    new Set([person.email, 'new@example.com']),
  )
})

test('an address is confirmed by its link, and required means required', async (t) => {
  const inbox = await openInbox(t)
  const fixture = await start(t, { env: { SMTP_URL: inbox.url, EMAIL_VERIFICATION: 'required' } })
  const api = apiOf(fixture)
  const body = { email: 'new@example.com', password: 'a long password' }
  await api.call('POST', '/auth/register', { body })
  const early = await api.call('POST', '/auth/login', { body })
  t.is(early.status, 403)
  t.is(early.body.code, 'email_not_verified')
  const token = tokenIn(await inbox.waitFor(/./))
  t.is((await api.call('POST', '/auth/verify-email', { body: { token } })).status, 200)
  t.is((await api.call('POST', '/auth/verify-email', { body: { token } })).status, 400)
  t.is((await api.login(body)).user.email, 'new@example.com')
})

test('mail waits for a mail server that is away, and the account is there meanwhile', async (t) => {
  const fixture = await start(t, { env: { SMTP_URL: 'smtp://127.0.0.1:9' } })
  const api = apiOf(fixture)
  const body = { email: 'new@example.com', password: 'a long password' }
  t.is((await api.call('POST', '/auth/register', { body })).status, 201)
  t.truthy(await api.login(body))
  const { mails } = await fixture.storage.mailQueue.list({ limit: 10 })
  t.is(mails.length, 1)
  t.is(mails[0]?.state, 'waiting')
  t.false(JSON.stringify(mails).includes('token='))
})
