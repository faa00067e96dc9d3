import { sha256 } from '#lib/hashing.ts'
import { createBrowser } from '../support/browser.ts'
import { onEveryStorage } from '../support/storages.ts'
import { dumpStorage } from './dump.ts'
import { handOutEverything } from './handed-out.ts'
import {
  authorizeUrl,
  introspect,
  pollDevice,
  post,
  redeem,
  refresh,
  send,
  type Cast,
} from './journey.ts'

onEveryStorage(
  'a copy of the storage holds no secret, and nothing in it opens a door',
  async (t, begin) => {
    const fixture = await begin()
    const { secrets, cast } = await handOutEverything(fixture)

    const { text, values } = await dumpStorage(fixture)
    // Guards against a dump that looks in the wrong place.
    for (const name of [
      'unspent code',
      'code: access_token',
      'refresh: refresh_token',
      'waiting: device code',
      'mfa_token',
    ]) {
      t.true(text.includes(sha256(secrets.get(name)!)), name)
    }
    const found = [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name)
    t.deepEqual(found, [])
    t.true(secrets.size > 30)

    const opened = await tryDoors(
      cast,
      [...new Set(values)].filter((value) => /^[\w.-]{8,128}$/.test(value)),
    )
    t.deepEqual(opened, [])
  },
)

/** Presents each value as whatever it might be; resolves to what was let in. */
async function tryDoors({ fixture, client, person }: Cast, values: string[]): Promise<string[]> {
  const at = (path: string): string => fixture.issuer + path
  const opened: string[] = []
  for (const value of values) {
    const request = new URL(authorizeUrl(fixture, client))
    request.searchParams.set('request_uri', `urn:ietf:params:oauth:request_uri:${value}`)
    const session = { cookie: `yumen_session=${value}; yumen_session.sig=${value}` }
    const tries = {
      'access token': send(at('/oauth/userinfo'), {
        headers: { authorization: `Bearer ${value}` },
      }),
      code: redeem({ fixture, client }, { code: value, verifier: value }),
      'refresh token': refresh({ fixture, client }, value),
      'device code': pollDevice({ fixture, client }, value),
      'client secret': post(at('/oauth/introspect'), { ...client, secret: value }, { token: 'x' }),
      session: send(authorizeUrl(fixture, client, { prompt: 'none' }), { headers: session }),
      'pushed request': send(request, { headers: { accept: 'text/html' } }),
    }
    for (const [as, trying] of Object.entries(tries)) {
      const answer = await trying
      const location = answer.headers.get('location') ?? ''
      const isLetIn =
        answer.status < 300 || location.includes('code=') || location.includes('/interaction/')
      if (isLetIn) opened.push(`${value} as ${as}`)
    }
    const { active } = await introspect({ fixture, client }, value)
    if (active !== false) opened.push(`${value} at introspection`)
  }
  const hash = await fixture.storage.users.findPasswordHash(person.id)
  const login = await createBrowser(fixture.issuer).open(authorizeUrl(fixture, client).href)
  const retry = await login.submit('/login', { identifier: person.email, password: hash! })
  if (retry.status !== 422) opened.push('a password hash')
  return opened
}
