import test from 'ava'
import { AppError } from '#lib/app-error.ts'
import type { AppContext } from '#http/context.ts'
import { createCsrf } from '#http/csrf.ts'

const csrf = createCsrf(['a secret of the server'], 'https://id.example.com/sso')

/** The status of the refusal; undefined when the form is accepted. */
function refusal(headers: Record<string, string>, given: string | undefined): number | undefined {
  const ctx = { get: (name: string) => headers[name] ?? '' } as AppContext
  try {
    csrf.check(ctx, 'interaction-1', given)
    return undefined
  } catch (error) {
    if (error instanceof AppError && error.code === 'csrf') return error.status
    throw error
  }
}

const token = csrf.token('interaction-1')

test('a form of ours with its token is accepted, with or without the browser’s word on its origin', (t) => {
  t.is(refusal({}, token), undefined)
  t.is(refusal({ origin: 'https://id.example.com' }, token), undefined)
  t.is(refusal({ 'sec-fetch-site': 'same-origin' }, token), undefined)
})

test('a form that began elsewhere is refused, even with the right token', (t) => {
  for (const site of ['cross-site', 'same-site', 'none'])
    t.is(refusal({ 'sec-fetch-site': site }, token), 403, site)
  for (const origin of [
    'null',
    'https://evil.example',
    'http://id.example.com',
    'https://id.example.com.evil.example',
    'https://id.example.com:8443',
  ])
    t.is(refusal({ origin }, token), 403, origin)
})

test('without the token, or with that of another interaction or server, a form is refused', (t) => {
  const other = createCsrf(['another secret'], 'https://id.example.com').token('interaction-1')
  for (const given of [undefined, '', 'x', csrf.token('interaction-2'), other, `${token}x`])
    t.is(refusal({ origin: 'https://id.example.com' }, given), 403)
})

test('a form that was shown under an older secret is accepted as long as that is listed', (t) => {
  const renewed = createCsrf(['a new one', 'a secret of the server'], 'https://id.example.com')
  const ctx = { get: () => '' } as unknown as AppContext
  t.notThrows(() => renewed.check(ctx, 'interaction-1', token))
  t.not(renewed.token('interaction-1'), token)
})

test('a token says nothing about the secret and is the same on every instance', (t) => {
  t.regex(token, /^[\w-]{43}$/)
  t.is(
    createCsrf(['a secret of the server'], 'https://id.example.com').token('interaction-1'),
    token,
  )
})
