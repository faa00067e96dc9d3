import test, { type ExecutionContext } from 'ava'
import { callback } from '../support/start.ts'
import {
  authorizeUrl,
  challengeOf,
  newCast,
  newVerifier,
  obtainCode,
  post,
  redeem,
  send,
  type Answer,
} from './journey.ts'
import { sharedServer } from './shared-server.ts'

/** authentik CVE-2023-48228, CVE-2024-23647: PKCE could be left out on one side or on both. */

const server = sharedServer()

const kinds = {
  'a confidential client': {},
  'a public client': { token_endpoint_auth_method: 'none' },
  'a first-party client': { first_party: true },
}

function isSentBack(t: ExecutionContext, answer: Answer, error: string): void {
  const location = new URL(answer.headers.get('location') ?? 'about:blank')
  t.is(location.origin + location.pathname, callback)
  t.is(
    location.searchParams.get('error') ?? new URLSearchParams(location.hash.slice(1)).get('error'),
    error,
  )
}

const none = { code_challenge: undefined, code_challenge_method: undefined }
const unsound: Record<string, Record<string, string | undefined>> = {
  'no challenge': none,
  'a method and no challenge': { code_challenge: undefined },
  'a challenge and no method (which would mean plain)': { code_challenge_method: undefined },
  'the method plain': { code_challenge_method: 'plain' },
  'an unknown method': { code_challenge_method: 'S512' },
  'an empty challenge': { code_challenge: '' },
  'a short challenge': { code_challenge: 'short' },
}

for (const [kind, metadata] of Object.entries(kinds)) {
  for (const [what, overrides] of Object.entries(unsound)) {
    test(`${kind} with ${what} gets no code, at the authorize endpoint or by a pushed request`, async (t) => {
      const client = await server().addClient(metadata)
      const url = authorizeUrl(server(), client, overrides)
      isSentBack(t, await send(url), 'invalid_request')
      const pushed = await post(`${server().issuer}/oauth/par`, client, url.searchParams)
      t.is(pushed.status, 400)
      t.is(pushed.json['error'], 'invalid_request')
    })
  }

  test(`${kind} gets nothing for a code without its verifier`, async (t) => {
    const cast = await newCast(server(), metadata)
    const { code, verifier } = await obtainCode(cast)
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback }
    const wrong = [
      {},
      { code_verifier: '' },
      { code_verifier: newVerifier() },
      { code_verifier: challengeOf(verifier) },
      { code_verifier: `${verifier}x` },
      { code_verifier: verifier.slice(0, -1) },
      { code_verifier: verifier.toUpperCase() },
    ]
    for (const fields of wrong) {
      const answer = await post(`${server().issuer}/oauth/token`, cast.client, {
        ...form,
        ...fields,
      })
      t.is(answer.status, 400, JSON.stringify(fields))
      t.regex(String(answer.json['error']), /^invalid_(grant|request)$/)
      t.is(answer.json['access_token'], undefined)
    }
    t.is((await redeem(cast, { code, verifier })).status, 200)
  })
}

test('no token comes from the authorize endpoint (RFC 9700 §2.1.2)', async (t) => {
  const client = await server().addClient()
  const types = [
    'token',
    'id_token',
    'code token',
    'code id_token',
    'id_token token',
    'none',
    'code id_token token',
  ]
  for (const response_type of types) {
    const answer = await send(authorizeUrl(server(), client, { response_type, nonce: 'n' }))
    isSentBack(t, answer, 'unsupported_response_type')
  }
  const registered = await server().addClient({
    response_types: ['id_token token'],
    grant_types: ['implicit'],
    redirect_uris: ['https://app.example/callback'],
  })
  const parameters = {
    response_type: 'id_token token',
    redirect_uri: 'https://app.example/callback',
    nonce: 'n',
  }
  const answer = await send(authorizeUrl(server(), registered, parameters), {
    headers: { accept: 'text/html' },
  })
  t.is(answer.status, 400)
  t.is(answer.headers.get('location'), null)
})

test('there is no grant for passwords, and none by an unknown name', async (t) => {
  const { client, person } = await newCast(server())
  for (const grant_type of [
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    '__proto__',
    '',
  ]) {
    const fields = {
      grant_type,
      username: person.email,
      password: person.password,
      scope: 'openid',
    }
    const answer = await post(`${server().issuer}/oauth/token`, client, fields)
    t.is(answer.status, 400)
    t.regex(String(answer.json['error']), /^(unsupported_grant_type|invalid_request)$/)
  }
})
