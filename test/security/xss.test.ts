import test, { type ExecutionContext } from 'ava'
import { createBrowser, type Page } from '../support/browser.ts'
import { signIn } from '../support/relying-party.ts'
import { isInert, withoutOwnScripts } from './clean.ts'
import {
  authorizeUrl,
  deviceGrant,
  newCast,
  send,
  startDevice,
  withoutRedirect,
} from './journey.ts'
import { sharedServer } from './shared-server.ts'
import { routes } from './routes.ts'

/** authentik CVE-2024-21637: markup from a parameter, and a `javascript:` redirect in a form_post page. */

const server = sharedServer()

const payloads = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  `'><svg/onload=alert(1)>`,
  '"onfocus="alert(1)" autofocus="',
  '</title><script>alert(1)</script>',
  '</textarea><iframe srcdoc="x">',
  '<!--<script>',
  '${alert(1)}<%= 1 %>{{1}}',
  'javascript:alert(1)',
]

/** The page holds no code of a stranger, and its policy would stop it if it did. */
function isSafe(t: ExecutionContext, page: Pick<Page, 'headers' | 'html'>, label: string): void {
  isInert(t, page.html, label)
  for (const payload of payloads.filter((one) => one.includes('<')))
    t.false(page.html.includes(payload), `${label}: ${payload}`)
  isProtected(t, page.headers, label)
}

function isProtected(t: ExecutionContext, headers: Headers, label: string): void {
  const policy = headers.get('content-security-policy') ?? ''
  t.regex(policy, /default-src 'none'/, label)
  t.regex(policy, /script-src 'self'(;|$| 'sha256-)/, label)
  t.regex(policy, /frame-ancestors 'none'/, label)
  t.regex(policy, /base-uri 'none'/, label)
  t.notRegex(policy, /unsafe|\*|script-src[^;]*(https?:|data:|blob:)/, label)
  t.is(headers.get('x-frame-options'), 'DENY', label)
  t.is(headers.get('x-content-type-options'), 'nosniff', label)
  t.is(headers.get('referrer-policy'), 'same-origin', label)
}

for (const payload of payloads) {
  test(`${payload} stays text on every page of a sign-in`, async (t) => {
    const resource = `https://api.example/${encodeURIComponent(payload)}`
    const texts = { en: payload, 'zh-CN': payload }
    await server().storage.resources.put({
      identifier: resource,
      name: texts,
      scopes: [{ name: 'notes', description: texts, sensitive: true }],
    })
    const { fixture, client } = await newCast(server(), {
      client_name: payload,
      default_resource: resource,
      post_logout_redirect_uris: ['https://client.example/bye'],
    })
    const person = await server().addUser({ nickname: payload })
    const hints = {
      login_hint: payload,
      ui_locales: payload,
      state: payload,
      nonce: payload,
      scope: 'openid notes',
    }
    const browser = createBrowser(fixture.issuer)
    const check = (page: Page, text: string | RegExp): Page => {
      isSafe(t, page, page.url.pathname)
      t.true(typeof text === 'string' ? page.text.includes(text) : text.test(page.text), page.text)
      return page
    }
    const name = payload.replaceAll(/\s+/g, ' ')
    const login = check(await browser.open(authorizeUrl(fixture, client, hints).href), name)
    const retry = check(
      await login.submit('/login', { identifier: payload, password: payload }),
      name,
    )
    t.is(retry.status, 422)
    t.is(retry.root.querySelector('input[name=identifier]')?.getAttribute('value'), payload)
    const register = check(await browser.open(`${login.url.href}/register`), name)
    const fields = { email: payload, username: payload, nickname: payload, password: 'x' }
    t.is(check(await register.submit('/register', fields), name).status, 422)
    const consent = check(await signIn(retry, person), name)
    t.is(consent.text.split(name).length - 1 >= 3, true)
    const { left } = await consent.submit('/consent')
    t.is(left?.searchParams.get('state'), payload)

    const again = authorizeUrl(fixture, client, { ...hints, prompt: 'select_account' })
    check(await browser.open(again.href), name)
    const logout = new URLSearchParams({
      client_id: client.id,
      state: payload,
      logout_hint: payload,
    })
    const bye = check(
      await browser.open(`${fixture.issuer}/oauth/logout?${logout.toString()}`),
      name,
    )
    check(await bye.submit('op.logoutForm', { logout: 'yes' }), '')
  })

  test(`${payload} stays text on the pages for devices and errors`, async (t) => {
    const cast = await newCast(server(), { ...withoutRedirect(deviceGrant), client_name: payload })
    const { user_code } = await startDevice(cast)
    const browser = createBrowser(server().issuer, { 'user-agent': payload })
    const input = await browser.open(`${server().issuer}/device`)
    isSafe(t, input, 'device')
    isSafe(t, await input.submit('/device', { user_code: payload }), 'device, wrong code')
    const fresh = await browser.open(`${server().issuer}/device`)
    const confirm = await fresh.submit('/device', { user_code })
    isSafe(t, confirm, 'device, confirm')
    isSafe(t, await signIn(await confirm.submit('/device'), cast.person), 'device, consent')

    const { fixture } = cast
    const wrong = [
      'client_id',
      'redirect_uri',
      'response_mode',
      'response_type',
      'scope',
      'prompt',
      'request',
    ]
    for (const name of wrong) {
      const url = authorizeUrl(fixture, await fixture.addClient(), {
        [name]: payload,
        client_id: payload,
      })
      isSafe(t, await createBrowser(fixture.issuer).open(url.href), `error by ${name}`)
    }
    for (const path of [
      `/${encodeURIComponent(payload)}`,
      `/oauth/authorize/${encodeURIComponent(payload)}`,
    ])
      isSafe(t, await createBrowser(fixture.issuer).open(fixture.issuer + path), path)
  })
}

test('a client with an address that is code is refused before it is shown', async (t) => {
  for (const scheme of [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'JavaScript:alert(1)',
  ]) {
    const kinds = [
      { logo_uri: scheme },
      { policy_uri: scheme },
      { tos_uri: scheme },
      { client_uri: scheme },
      { redirect_uris: [scheme] },
      { redirect_uris: [scheme], application_type: 'native' },
    ]
    for (const metadata of kinds) {
      const client = await server().addClient(metadata)
      const redirect_uri = 'redirect_uris' in metadata ? { redirect_uri: scheme } : {}
      for (const response_mode of ['query', 'form_post']) {
        const url = authorizeUrl(server(), client, { response_mode, ...redirect_uri })
        const answer = await send(url, { headers: { accept: 'text/html' } })
        t.is(answer.status, 400, JSON.stringify(metadata))
        t.is(answer.headers.get('location'), null)
        isSafe(t, { headers: answer.headers, html: answer.text }, JSON.stringify(metadata))
      }
    }
  }
})

test('the form_post page holds one script, which its policy names by its hash, and only escaped values', async (t) => {
  const { fixture, client } = await newCast(server())
  for (const state of payloads) {
    const url = authorizeUrl(fixture, client, { response_mode: 'form_post', prompt: 'none', state })
    const answer = await send(url, { headers: { accept: 'text/html' } })
    t.is(answer.text.match(/<script/g)?.length, 1)
    isProtected(t, answer.headers, state)
    isInert(t, withoutOwnScripts(answer), state)
    t.regex(answer.text, /action="http:\/\/client\.example\/callback"/)
  }
})

test('every answer carries the headers that protect it', async (t) => {
  for (const { method, path } of routes) {
    for (const accept of ['text/html', 'application/json']) {
      const { headers } = await send(server().issuer + path, { method, headers: { accept } })
      isProtected(t, headers, `${method} ${path}`)
    }
  }
})
