import type { ExecutionContext } from 'ava'
import { sha256 } from '#lib/hashing.ts'
import { createBrowser } from '../support/browser.ts'
import { onStorages } from '../support/storages.ts'
import { isClean } from './clean.ts'
import { authorizeUrl, basic, newCast, post, send, type Answer } from './journey.ts'

/** Values that a database, a template or a decoder may choke on, as they are written in a URL or a form. */
const nasty: Record<string, string> = {
  'a NUL byte': 'a%00b',
  'half a surrogate pair': '%ED%A0%80',
  'broken UTF-8': '%C0%80%E0%A4%41',
  'broken escapes': '%E0%A4%A%zz%',
  'no ASCII': encodeURIComponent('客户🙂é'),
  'ten thousand letters': 'x'.repeat(10_000),
  'SQL and a template': encodeURIComponent(`' OR 1=1; -- "\\ <%= process.env %>\${7*7}`),
}

type Fields = Record<string, string>

/** Calls once for each field and each nasty value; the text is `name=value` pairs, sent as it is. */
async function withEach(
  fields: Fields,
  more: string[],
  run: (text: string, label: string) => Promise<void>,
): Promise<void> {
  for (const name of new Set([...Object.keys(fields), ...more])) {
    const others = Object.entries(fields).filter(([other]) => other !== name)
    for (const [kind, value] of Object.entries(nasty)) {
      await run(
        `${new URLSearchParams(others).toString()}&${name}=${value}`,
        `${name} with ${kind}`,
      )
    }
  }
}

const sendForm = (url: string, body: string, headers: Fields): Promise<Answer> =>
  send(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })

onStorages('no value at the authorize endpoint makes the server fail', async (t, begin) => {
  const { fixture, client } = await newCast(await begin())
  const sound = Object.fromEntries(authorizeUrl(fixture, client).searchParams)
  const more =
    'nonce prompt max_age login_hint ui_locales id_token_hint acr_values claims resource request request_uri response_mode display dpop_jkt lang'
  await withEach(sound, more.split(' '), async (query, label) => {
    const url = `${fixture.issuer}/oauth/authorize?${query}`
    const answer = await send(url, { headers: { accept: 'text/html' } })
    isClean(t, answer, label)
    const location = answer.headers.get('location') ?? sound['redirect_uri']!
    t.true(/^\/interaction\/|^http:\/\/client\.example\/callback\?/.test(`${location}?`), location)
  })
})

const tokenRequests: Fields[] = [
  { grant_type: 'authorization_code', code: 'a', code_verifier: 'b', redirect_uri: 'c' },
  { grant_type: 'refresh_token', refresh_token: 'a', scope: 'openid' },
  { grant_type: 'client_credentials', scope: 'a' },
  { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'a' },
]

onStorages('no value at the endpoints for clients makes the server fail', async (t, begin) => {
  const { fixture, client } = await newCast(await begin(), {
    grant_types: ['refresh_token', 'client_credentials', 'authorization_code'],
  })
  const refused = async (path: string, body: string, label: string): Promise<void> => {
    const answer = await sendForm(fixture.issuer + path, body, basic(client))
    isClean(t, answer, `${path} ${label}`)
  }
  const auth = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']
  for (const fields of tokenRequests) {
    await withEach(fields, ['resource', ...auth], async (body, label) => {
      const answer = await sendForm(`${fixture.issuer}/oauth/token`, body, basic(client))
      isClean(t, answer, label)
    })
  }
  for (const path of ['/oauth/introspect', '/oauth/revoke']) {
    await withEach({ token: 'a', token_type_hint: 'access_token' }, auth, (body, label) =>
      refused(path, body, label),
    )
  }
  const pushed = Object.fromEntries(authorizeUrl(fixture, client).searchParams)
  await withEach(pushed, ['resource', 'claims'], (body, label) =>
    refused('/oauth/par', body, label),
  )
  await withEach({ scope: 'openid' }, ['client_id', 'resource'], (body, label) =>
    refused('/oauth/device', body, label),
  )
  await withClientNames(t, fixture.issuer)
})

/** A client id and secret in the Authorization header are form-encoded (RFC 6749 §2.3.1). */
async function withClientNames(t: ExecutionContext, issuer: string): Promise<void> {
  for (const [kind, value] of Object.entries(nasty)) {
    for (const pair of [`${value}:secret`, `demo:${value}`]) {
      const authorization = `Basic ${Buffer.from(pair).toString('base64')}`
      const answer = await sendForm(`${issuer}/oauth/token`, 'grant_type=client_credentials', {
        authorization,
      })
      isClean(t, answer, `Basic with ${kind}`)
      t.true([400, 401].includes(answer.status), `${kind} ${answer.status}`)
    }
  }
  for (const token of ['%00', 'a'.repeat(8000), 'é', 'a.b.c', 'eyJhbGciOiJub25lIn0..']) {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await send(`${issuer}/oauth/userinfo`, { headers })
    isClean(t, answer, `Bearer ${token.slice(0, 20)}`)
    t.true([400, 401].includes(answer.status))
  }
}

onStorages('nothing that a person types makes the server fail', async (t, begin) => {
  const { fixture, client } = await newCast(await begin())
  const browser = createBrowser(fixture.issuer)
  const { url, root } = await browser.open(authorizeUrl(fixture, client).href)
  const csrf = root.querySelector('input[name=csrf]')!.getAttribute('value')!
  const headers = { cookie: await browser.jar.getCookieString(url.href), accept: 'text/html' }
  const types = async (path: string, fields: Fields): Promise<void> =>
    withEach(fields, [], async (body, label) => {
      const answer = await sendForm(url.href + path, `${body}&csrf=${csrf}`, headers)
      isClean(t, answer, `${path} ${label}`)
      const expected = label.endsWith('NUL byte') ? [400] : [400, 403, 422]
      t.true(expected.includes(answer.status), `${path} ${label} ${answer.status}`)
    })
  await types('/login', { identifier: 'a@example.com', password: 'a password' })
  await types('/register', { email: 'wrong', username: '', nickname: '', password: 'a password' })

  const device = await browser.open(`${fixture.issuer}/device`)
  const xsrf = device.root.querySelector('input[name=xsrf]')!.getAttribute('value')!
  const session = {
    cookie: await browser.jar.getCookieString(device.url.href),
    accept: 'text/html',
  }
  await withEach({ user_code: 'a' }, [], async (body, label) => {
    const answer = await sendForm(device.url.href, `${body}&xsrf=${xsrf}`, session)
    isClean(t, answer, label)
    t.is(answer.status, 400, label)
  })
})

/** MySQL compares as its collation says: without regard to case, accents or spaces at the end. */
const lookalikes = (name: string): string[] => [
  `${name} `,
  ` ${name}`,
  `${name}\t`,
  `${name}\0`,
  `${name}\u200b`,
  name.toUpperCase(),
  name.replace('a', '\u00e1'),
  name.replace('a', '\uff41'),
]

onStorages('clients and resources are known by their exact names alone', async (t, begin) => {
  const fixture = await begin()
  const client = { id: 'a-client', secret: 'the secret of a client' }
  const resource = 'https://api.example/a'
  const metadata = { redirect_uris: ['http://client.example/callback'] }
  const grants = { ...metadata, grant_types: ['client_credentials', 'authorization_code'] }
  await fixture.storage.clients.put({
    id: client.id,
    secretHashes: [sha256(client.secret)],
    metadata: grants,
  })
  await fixture.storage.resources.put({ identifier: resource, name: { en: 'API' }, scopes: [] })

  const token = (who: typeof client, aim: string) =>
    post(`${fixture.issuer}/oauth/token`, undefined, {
      grant_type: 'client_credentials',
      client_id: who.id,
      client_secret: who.secret,
      resource: aim,
    })
  t.is((await token(client, resource)).status, 200)
  for (const id of lookalikes(client.id)) {
    t.is((await token({ ...client, id }, resource)).json['error'], 'invalid_client', id)
    const page = await send(authorizeUrl(fixture, { ...client, id }), {
      headers: { accept: 'text/html' },
    })
    t.is(page.status, 400, id)
  }
  for (const aim of lookalikes(resource))
    t.is((await token(client, aim)).json['error'], 'invalid_target', aim)
})
