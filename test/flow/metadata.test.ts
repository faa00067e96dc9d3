import test from 'ava'
import { start } from '../support/start.ts'
import { rawRequest } from './raw-request.ts'

const jwksPaths = ['oauth/jwks', '.well-known/jwks.json', 'api/v1/oauth/jwks']
const discoveryPaths = [
  '.well-known/openid-configuration',
  '.well-known/oauth-authorization-server',
]

test('both discovery documents are one, and name the endpoints under /oauth', async (t) => {
  const { issuer } = await start(t)
  const [first, second] = await Promise.all(
    discoveryPaths.map(async (path) => (await fetch(`${issuer}/${path}`)).json()),
  )
  t.deepEqual(first, second)
  t.like(first, {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    jwks_uri: `${issuer}/oauth/jwks`,
    pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    end_session_endpoint: `${issuer}/oauth/logout`,
    device_authorization_endpoint: `${issuer}/oauth/device`,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    ui_locales_supported: ['en', 'zh-CN'],
  })
  const document = first as Record<string, string[]>
  t.false(document['grant_types_supported']!.includes('implicit'))
  t.deepEqual(document['prompt_values_supported']!.toSorted(), [
    'consent',
    'create',
    'login',
    'none',
    'select_account',
  ])
  t.deepEqual(document['token_endpoint_auth_methods_supported']!.toSorted(), [
    'client_secret_basic',
    'client_secret_post',
    'none',
    'private_key_jwt',
  ])
})

test('discovery says what the request’s own Host header cannot change', async (t) => {
  const { issuer } = await start(t)
  const { text: body } = await rawRequest(`${issuer}/.well-known/openid-configuration`, {
    headers: {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    },
  })
  t.false(body.includes('evil.example'))
  t.is((JSON.parse(body) as { token_endpoint: string }).token_endpoint, `${issuer}/oauth/token`)
})

test('the key set holds public keys of both algorithms, two of each, and nothing private', async (t) => {
  const { issuer } = await start(t)
  const { keys } = (await (await fetch(`${issuer}/oauth/jwks`)).json()) as {
    keys: Record<string, string>[]
  }
  t.deepEqual(keys.map(({ alg }) => String(alg)).toSorted(), ['ES256', 'ES256', 'RS256', 'RS256'])
  t.is(new Set(keys.map(({ kid }) => kid)).size, 4)
  for (const key of keys) {
    t.is(key['use'], 'sig')
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) t.false(secret in key)
  }
})

test('metadata can be cached: max-age, an ETag, 304 for anyone who has it', async (t) => {
  const { issuer } = await start(t, { env: { JWKS_MAX_AGE_SECONDS: '120' } })
  for (const path of [...jwksPaths, ...discoveryPaths]) {
    const first = await fetch(`${issuer}/${path}`)
    const etag = first.headers.get('etag')!
    t.is(first.status, 200, path)
    t.is(
      first.headers.get('cache-control'),
      path.includes('jwks') ? 'public, max-age=120' : 'public, max-age=3600',
    )
    t.regex(first.headers.get('content-type') ?? '', /^application\/(jwk-set\+)?json/)
    t.regex(etag, /^"[\w-]+"$/)
    t.is(first.headers.get('set-cookie'), null)

    const again = await rawRequest(`${issuer}/${path}`, { headers: { 'if-none-match': etag } })
    t.is(again.status, 304, path)
    t.is(again.headers.etag, etag)
    t.is(again.text, '')
    const other = await fetch(`${issuer}/${path}`, { headers: { 'if-none-match': '"other"' } })
    t.is(other.status, 200)
  }
})

test('HEAD says what GET says, without the body', async (t) => {
  const { issuer } = await start(t)
  for (const path of [...jwksPaths, ...discoveryPaths, 'health', '']) {
    const get = await fetch(`${issuer}/${path}`)
    const head = await fetch(`${issuer}/${path}`, { method: 'HEAD' })
    t.is(head.status, get.status, path)
    t.is(await head.text(), '')
    for (const name of ['content-type', 'etag', 'cache-control']) {
      t.is(head.headers.get(name), get.headers.get(name), `${path} ${name}`)
    }
    t.is(head.headers.get('content-length'), get.headers.get('content-length'), path)
  }
})

test('another method on the key set is refused', async (t) => {
  const { issuer } = await start(t)
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const response = await fetch(`${issuer}/oauth/jwks`, { method })
    t.true(response.status === 404 || response.status === 405, method)
  }
})
