import test from 'ava'
import type { PageName, PageProps } from '#view/pages.ts'
import { createView } from '#view/render.ts'
import { locales, type Locale } from '#view/translate.ts'
import { otherFaces, samples } from './samples.ts'

const view = createView({ brand: { name: 'Yumen' }, basePath: '/id', development: true })
const hostile = '"><script>alert(1)</script>'
const friendlyWords: [string, string] = ['Acme', 'https://acme.example/a']
const friendly = samples(...friendlyWords)
const pageNames: PageName[] = [
  'list',
  'details',
  'dashboard',
  'login',
  'register',
  'forgot-password',
  'reset-password',
  'verify-email',
  'confirm-email',
  'link-account',
  'consent',
  'select-account',
  'second-factor',
  'enrol-factor',
  'mail-sign-in',
  'recovery-codes',
  'logout',
  'logout-done',
  'device-code',
  'device-confirm',
  'device-done',
  'account-erased',
  'dev-mail',
  'error',
  'home',
  'demo',
  'demo-session',
]

test('every page is tested', (t) => {
  t.deepEqual(Object.keys(friendly), pageNames)
})

/** The scripts that we have, as addresses of our own. */
const ownScript = /<script src="\/id\/assets\/(?:copy|passkey)\.\w{8}\.js" defer><\/script>/g

/** Every face of a page without our own scripts: the sample, then the others. */
function faces(page: PageName, locale: Locale, words: [string, string]): string[] {
  const others: PageProps[PageName][] = otherFaces(...words)[page] ?? []
  return [samples(...words)[page], ...others].map((props) =>
    view.render(page, props, locale).replaceAll(ownScript, ''),
  )
}

for (const page of pageNames) {
  for (const locale of locales) {
    test(`${page} in ${locale} escapes every value`, (t) => {
      for (const html of faces(page, locale, [hostile, hostile])) {
        t.false(html.includes('<script'))
        t.false(html.includes(hostile))
        t.true(html.includes('&lt;script&gt;'))
      }
    })

    test(`${page} in ${locale} keeps no script address`, (t) => {
      for (const address of [
        'javascript:alert(1)',
        'JAVASCRIPT:alert(1)',
        'data:text/html,x',
        '//acme.example',
      ]) {
        for (const html of faces(page, locale, ['Acme', address]))
          t.false(html.toLowerCase().includes(address.toLowerCase()))
      }
    })

    test(`${page} in ${locale} has no inline script or style`, (t) => {
      for (const html of faces(page, locale, friendlyWords)) {
        t.notRegex(html, /<(?:script|style)\b/i)
        t.notRegex(html, /<[^>]*\s(?:style|on\w+)\s*=/i)
      }
    })

    test(`${page} in ${locale} is whole: language, title, one heading, labels, unique ids, nothing undefined`, (t) => {
      for (const html of faces(page, locale, friendlyWords)) {
        t.regex(html, new RegExp(`^<!doctype html>\\s*<html lang="${locale}"`))
        t.regex(html, /<title>[^<]+ · (?:Yumen|玉门)<\/title>/)
        t.is(html.match(/<h1/g)?.length, 1)
        for (const [, id] of html.matchAll(/<input id="([^"]*)"/g))
          t.true(html.includes(`<label for="${id}"`))
        t.deepEqual(
          [...html.replaceAll(/<label>.*?<\/label>/gs, '').matchAll(/<input\b[^>]*>/g)]
            .map(String)
            .filter((tag) => !/type="hidden"| id="/.test(tag)),
          [],
        )
        const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
        t.is(new Set(ids).size, ids.length)
        t.notRegex(html, /undefined|\[object/)
      }
    })
  }

  test(`${page} renders with only what it must have`, (t) => {
    t.notThrows(() => view.render(page, bare(friendly)[page], 'en'))
  })
}

/** The same props without any optional app, href or text. */
function bare(props: typeof friendly): typeof friendly {
  const plain = structuredClone(props)
  for (const one of [
    plain.login,
    plain.register,
    plain['forgot-password'],
    plain['reset-password'],
    plain['verify-email'],
    plain['confirm-email'],
    plain['select-account'],
    plain.logout,
    plain['logout-done'],
  ]) {
    delete one.client
  }
  delete plain.login.registerHref
  delete plain.login.forgotHref
  delete plain.login.cancelAction
  delete plain['reset-password'].homeHref
  delete plain['verify-email'].homeHref
  delete plain['confirm-email'].cancelAction
  delete plain['logout-done'].homeHref
  delete plain.error.backHref
  delete plain.error.code
  delete plain['device-code'].error
  delete plain['device-code'].userCode
  delete plain['demo-session'].csrf
  return plain
}

test('a field error stands beside its field, is linked from the summary and keeps what was typed', (t) => {
  const html = view.render('login', friendly.login, 'en')
  t.regex(
    html,
    /<input id="identifier"[^>]*value="Acme"[^>]*aria-invalid="true" aria-describedby="identifier-error"/,
  )
  t.regex(html, /id="identifier-error"/)
  t.regex(html, /role="alert"[\s\S]*<a href="#identifier">E-mail or username<\/a>/)
})

test('a password is never written back', (t) => {
  for (const page of ['login', 'register', 'reset-password'] as const) {
    t.regex(view.render(page, friendly[page], 'en'), /<input id="password"[^>]*value=""/)
  }
})

test('the first bad field takes the focus, and the password after wrong credentials', (t) => {
  const login = (errors: typeof friendly.login.errors): string | undefined =>
    /<input id="(\w+)"[^>]*autofocus/.exec(
      view.render('login', { ...friendly.login, errors }, 'en'),
    )?.[1]
  t.is(login({}), 'password')
  t.is(login({ form: 'errors.wrong_credentials' }), 'password')
  t.is(
    login({ identifier: 'errors.identifier_required', password: 'errors.password_required' }),
    'identifier',
  )
})

test('consent shows sensitive items first and leaves out an empty group', (t) => {
  const items = [
    { text: 'read', sensitive: false },
    { text: 'delete', sensitive: true },
  ]
  const html = view.render(
    'consent',
    { ...friendly.consent, groups: [{ items }, { resource: 'Empty', items: [] }] },
    'en',
  )
  t.true(html.indexOf('delete') < html.indexOf('read</span>'))
  t.false(html.includes('Empty'))
})

test('a page around a form of the engine keeps its address and hidden fields and brings one user_code field', (t) => {
  const html = view.render(
    'device-code',
    { ...friendly['device-code'], formId: 'op.deviceInputForm' },
    'en',
  )
  t.regex(html, /<form id="op\.deviceInputForm" method="post" action="\/device"/)
  t.regex(html, /<input type="hidden" name="xsrf" value="s3cret">/)
  t.is(html.match(/name="user_code"/g)?.length, 1)
  t.notThrows(() => view.render('logout', friendly.logout, 'en'))
  t.throws(() => view.render('logout', { ...friendly.logout, formHtml: '<form>' }, 'en'), {
    message: /no action/,
  })
})

test('links and assets keep the path prefix', (t) => {
  const { backHref: _, ...error } = friendly.error
  const html = view.render('error', error, 'en')
  t.true(html.includes(`href="${view.stylesheet.href}"`))
  t.regex(view.stylesheet.href, /^\/id\/assets\/yumen\.[\da-f]{8}\.css$/)
  t.true(html.includes('href="/id/"'))
})

test('an asset is immutable under its own hash only', (t) => {
  const name = view.stylesheet.href.slice('/id/assets/'.length)
  t.like(view.asset(name), {
    body: view.stylesheet.body,
    type: 'text/css; charset=utf-8',
    immutable: true,
  })
  t.is(view.asset('yumen.00000000.css')?.immutable, false)
  t.is(view.asset('favicon.svg')?.type, 'image/svg+xml')
  for (const bad of ['', 'nothing.css', '../pages/login.eta', 'layout.eta', 'constructor.css']) {
    t.is(view.asset(bad), undefined)
  }
})

test('the stylesheet is small and names no other server', (t) => {
  t.true(view.stylesheet.body.length < 20_000)
  t.notRegex(view.stylesheet.body, /url\(|@import/)
})

test('the start page tells its facts in development only', (t) => {
  const production = createView({ brand: { name: 'Yumen' }, basePath: '', development: false })
  const home = { ...friendly.home, version: '9.9.9-facts' }
  t.true(view.render('home', home, 'en').includes('9.9.9-facts'))
  t.false(production.render('home', home, 'en').includes('9.9.9-facts'))
})
