import test from 'ava'
import { administrator } from '../admin/administrator.ts'
import { environment, yumen } from '../cli/cli.ts'
import { apiOf } from '../support/api.ts'
import { openInbox } from '../support/inbox.ts'
import { createBrowser, relyingParty } from '../support/relying-party.ts'
import { startRangeService } from '../support/stand-ins/range.ts'
import { start } from '../support/start.ts'

const breached = 'violet ferry 12 sideways'
const fine = 'ochre lantern 47 quietly'

test('a breached password is refused wherever one is chosen, and another one is not', async (t) => {
  const inbox = await openInbox(t)
  const { host, url } = await startRangeService(t, { [breached]: 37, [fine]: 0 })
  const fixture = await administrator(t, {
    env: {
      BREACHED_PASSWORD_CHECK: 'range',
      BREACHED_PASSWORD_URL: `${url}/range/`,
      FETCH_ALLOWED_HOSTS: host,
      SMTP_URL: inbox.url,
    },
  })
  const { admin } = fixture
  const { call, login } = apiOf(fixture)
  const person = await fixture.addUser()
  const { access_token: token } = await login(person)
  await call('POST', '/auth/forgot-password', { body: { email: person.email } })
  const link = /token=([\w-]+)/.exec((await inbox.waitFor(/password/i)).text)?.[1]
  const reset = `/admin/users/${person.id}/reset-password`

  const ways: Record<string, (password: string) => Promise<{ status: number; body: unknown }>> = {
    register: (password) =>
      call('POST', '/auth/register', { body: { email: 'new@example.com', password } }),
    'forgotten password': (password) =>
      call('POST', '/auth/reset-password', { body: { token: link, password } }),
    'an administrator creates': (password) =>
      admin('POST', '/admin/users', { email: 'made@example.com', password }),
    'an administrator resets': (password) => admin('POST', reset, { password }),
  }
  const change = (password: string) =>
    call('POST', '/users/me/password', {
      token,
      body: { current_password: person.password, new_password: password },
    })
  for (const [name, choose] of Object.entries({ change, ...ways })) {
    const refused = await choose(breached)
    t.is(refused.status, 422, name)
    t.true(JSON.stringify(refused.body).includes('password_breached'), name)
    const taken = await choose(fine)
    t.true(taken.status < 300, `${name}: ${JSON.stringify(taken.body)}`)
  }
})

test('the page of a registration says that the password is known from a breach', async (t) => {
  const service = await startRangeService(t, { [breached]: 1 })
  const fixture = await start(t, {
    env: {
      BREACHED_PASSWORD_CHECK: 'range',
      BREACHED_PASSWORD_URL: `${service.url}/range`,
      FETCH_ALLOWED_HOSTS: service.host,
    },
  })
  const party = await relyingParty(fixture, await fixture.addClient())
  const { url } = await party.begin({ prompt: 'create' })
  const form = await createBrowser(fixture.issuer).open(url.href)
  const page = await form.submit('/register', { email: 'new@example.com', password: breached })
  t.regex(page.html, /appeared in a data breach/)
})

test('the command line refuses a password of the list', async (t) => {
  const env = { ...(await environment(t)), PASSWORD_MIN_STRENGTH: '0', input: 'password1\n' }
  await yumen(env, 'migrate')
  const create = ['user', 'create', '--username', 'ann', '--password-stdin']
  const refused = await yumen(env, ...create)
  t.not(refused.code, 0)
  t.regex(refused.err, /known from a breach/)
  t.is((await yumen({ ...env, BREACHED_PASSWORD_CHECK: 'off' }, ...create)).code, 0)
})
