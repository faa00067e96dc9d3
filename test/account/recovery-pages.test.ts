import test from 'ava'
import { recoveryPages } from '#account/recovery-pages.ts'
import type { Middleware } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'
import { errors } from '#http/errors.ts'
import { trace } from '#http/trace.ts'
import { AppError } from '#lib/app-error.ts'
import type { Recovery } from '#users/recovery.ts'
import { createLog } from '#telemetry/log.ts'
import { serve } from '../http/serve.ts'
import { known, open, Visitor } from './recovery.ts'

const password = 'a short sentence works'

test('forgot-password answers alike for a known and an unknown address', async (t) => {
  const { url, calls, audited } = await open(t)
  const seen: string[] = []
  for (const email of [known, 'nobody@example.com']) {
    const visitor = new Visitor(url)
    const { answer } = await visitor.fill('/forgot-password', { email })
    t.is(answer.status, 303)
    const { page } = await visitor.follow(answer)
    seen.push(page.querySelector('main')!.text)
  }
  t.regex(seen[0]!, /If an account uses this address, a link is on its way/)
  t.is(seen[0], seen[1])
  t.deepEqual(calls, [`forgot ${known} en`, 'forgot nobody@example.com en'])
  t.deepEqual(audited, ['password.reset_requested', 'password.reset_requested'])
})

test('forgot-password asks again for what is no address, and keeps what was typed', async (t) => {
  const { url, calls } = await open(t)
  for (const email of ['', 'ada', '@example.com', `${'a'.repeat(250)}@b.example`]) {
    const { answer, page } = await new Visitor(url).fill('/forgot-password', { email })
    t.is(answer.status, 422, email)
    t.is(page.querySelector('#email')!.getAttribute('value'), email)
    t.is(page.querySelector('#email')!.getAttribute('aria-invalid'), 'true')
  }
  t.deepEqual(calls, [])
})

test('reset-password sets the password once, and says so on a page that can be reloaded', async (t) => {
  const { url, audited } = await open(t)
  const visitor = new Visitor(url)
  const { answer } = await visitor.fill('/reset-password?token=good', { password })
  t.is(answer.status, 303)
  t.is(answer.headers.get('location'), '/reset-password?done')
  for (const path of ['/reset-password?done', '/reset-password?done&lang=en']) {
    const { answer, page } = await visitor.send(path)
    t.is(answer.status, 200)
    t.is(page.querySelector('h1')!.text, 'Your password was changed')
  }
  t.deepEqual(audited, ['password.reset u1'])
})

test('reset-password offers a new link when the token is used, unknown or missing', async (t) => {
  const { url, audited } = await open(t)
  const used = await new Visitor(url).fill('/reset-password?token=bad', { password })
  const missing = await new Visitor(url).send('/reset-password')
  const doubled = await new Visitor(url).send('/reset-password?token=a&token=b')
  for (const { answer, page } of [used, missing, doubled]) {
    t.is(answer.status, 400)
    t.is(page.querySelector('h1')!.text, 'This link has expired or was already used')
    t.is(page.querySelector('main a')!.getAttribute('href'), '/forgot-password')
  }
  t.deepEqual(audited, [])
})

test('reset-password keeps the token, and never the password, after a password that is too short', async (t) => {
  const { url } = await open(t)
  for (const [given, sentence] of [
    ['short', /too short/],
    ['', /Enter your password/],
  ] as const) {
    const { answer, page } = await new Visitor(url).fill('/reset-password?token=good', {
      password: given,
    })
    t.is(answer.status, 422)
    t.is(page.querySelector('input[name=token]')!.getAttribute('value'), 'good')
    t.is(page.querySelector('#password')!.getAttribute('value'), '')
    t.regex(page.querySelector('#password-error')!.text, sentence)
    const other = page.querySelector('.languages a')!.getAttribute('href')!
    t.is(other, '/reset-password?token=good&lang=zh-CN')
  }
})

test('a link in a mail spends nothing when it is only opened', async (t) => {
  const { url, calls } = await open(t)
  for (const path of ['/verify-email?token=good', '/reset-password?token=good']) {
    for (const method of ['GET', 'HEAD']) {
      const { answer } = await new Visitor(url).send(path, { method })
      t.is(answer.status, 200)
      t.is(answer.headers.get('referrer-policy'), 'strict-origin')
      t.is(answer.headers.get('cache-control'), 'no-store')
    }
  }
  t.deepEqual(calls, [])
})

test('verify-email confirms the address by its button', async (t) => {
  const { url, audited } = await open(t)
  const visitor = new Visitor(url)
  const { answer } = await visitor.fill('/verify-email?token=good', {})
  const { page } = await visitor.follow(answer)
  t.is(page.querySelector('h1')!.text, 'Your address is confirmed')
  t.deepEqual(audited, ['email.verified u1'])
})

test('verify-email sends a new mail in place of a link that does not work', async (t) => {
  const { url, calls } = await open(t)
  const visitor = new Visitor(url)
  const { answer, page } = await visitor.send('/verify-email?token=bad')
  t.is(answer.status, 400)
  t.is(page.querySelector('h1')!.text, 'This link has expired or was already used')
  t.deepEqual(
    page.querySelectorAll('form [name]').map((input) => input.getAttribute('name')),
    ['csrf', 'email', 'send'],
  )
  const wrong = await visitor.fill('/verify-email', { email: 'ada', send: 'yes' })
  t.is(wrong.answer.status, 422)
  const asked = await visitor.fill('/verify-email', { email: known, send: 'yes' })
  t.is(
    asked.answer.headers.get('location'),
    `/verify-email?sent&email=${encodeURIComponent(known)}`,
  )
  const { page: sent } = await visitor.follow(asked.answer)
  t.is(sent.querySelector('h1')!.text, 'Check your inbox')
  t.is(sent.querySelector('#email')!.getAttribute('value'), known)
  t.deepEqual(calls, [`request ${known} en`])
})

test('verify-email without a link takes the address and the code', async (t) => {
  const { url, audited } = await open(t)
  const visitor = new Visitor(url)
  const { answer } = await visitor.fill('/verify-email', { email: known, code: '482 913' })
  const { page } = await visitor.follow(answer)
  t.is(page.querySelector('h1')!.text, 'Your address is confirmed')
  t.deepEqual(audited, ['email.verified u1'])
})

test('verify-email asks again for a wrong code, and for what is missing without a try', async (t) => {
  const { url, calls, audited } = await open(t)
  const wrong = await new Visitor(url).fill('/verify-email', { email: known, code: '000000' })
  t.is(wrong.answer.status, 422)
  t.regex(wrong.page.querySelector('#code-error')!.text, /wrong or no longer valid/)
  t.is(wrong.page.querySelector('#email')!.getAttribute('value'), known)
  const empty = await new Visitor(url).fill('/verify-email', { email: '', code: ' ' })
  t.is(empty.answer.status, 422)
  t.truthy(empty.page.querySelector('#email-error'))
  t.truthy(empty.page.querySelector('#code-error'))
  t.deepEqual(calls, ['verify 000000'])
  t.deepEqual(audited, [])
})

for (const [path, fields] of [
  ['/forgot-password', { email: known }],
  ['/reset-password?token=good', { password }],
  ['/verify-email?token=good', {}],
] as const) {
  test(`a form of ${path} that began elsewhere is refused and changes nothing`, async (t) => {
    const { url, calls, issuer } = await open(t)
    const cookieless = new Visitor(url)
    const { page } = await cookieless.send(path)
    cookieless.cookie = ''
    const csrf = page.querySelector('input[name=csrf]')!.getAttribute('value')!
    const body = new URLSearchParams({ ...fields, csrf, token: 'good' })
    const other = new Visitor(url)
    await other.send(path)
    for (const visitor of [cookieless, other]) {
      const { answer } = await visitor.send(path.split('?')[0]!, { method: 'POST', body })
      t.is(answer.status, 403)
    }
    const foreign = [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[]
    for (const headers of foreign) {
      const { answer } = await new Visitor(url).fill(path, fields, headers)
      t.is(answer.status, 403)
    }
    t.deepEqual(calls, [])
    const { answer } = await new Visitor(url).fill(path, fields, { origin: issuer })
    t.is(answer.status, 303)
  })
}

test('the cookie of a form is for its page alone and not for scripts or other sites', async (t) => {
  const { url } = await open(t)
  const visitor = new Visitor(url)
  const { answer } = await visitor.send('/forgot-password')
  const [cookie = ''] = answer.headers.getSetCookie()
  t.regex(cookie, /^yumen_form=[\w-]{43}; path=\/forgot-password; samesite=strict; httponly$/i)
  await visitor.send('/forgot-password')
  t.true(cookie.startsWith(visitor.cookie))
})

test('a link from elsewhere cannot pretend that something was done', async (t) => {
  const { url } = await open(t)
  for (const path of ['/forgot-password?sent', '/reset-password?done', '/verify-email?done']) {
    const { page } = await new Visitor(url).send(path)
    t.notRegex(page.querySelector('main')!.text, /on its way|was changed|is confirmed/)
  }
})

test('a request too many is refused before it is looked at', async (t) => {
  const csrf = createCsrf(['a secret of the server'], 'http://id.example.com')
  const pages = recoveryPages({
    recovery: {} as Recovery,
    csrf,
    basePath: '',
    showPage: () => {},
    passwordMinLength: 8,
    holdersIn: async () => [],
    limit: () => Promise.reject(new AppError('too_many_requests')),
  })
  const url = await serve(
    t,
    trace(createLog('silent')),
    errors((ctx, { code }) => void (ctx.body = code), { title: () => '', detail: () => '' }),
    pages.routes() as unknown as Middleware,
  )
  for (const path of ['/forgot-password', '/reset-password', '/verify-email']) {
    t.is((await fetch(url + path, { method: 'POST' })).status, 429)
  }
})
