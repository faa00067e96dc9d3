import { apiOf } from '../support/api.ts'
import {
  authorizeUrl,
  introspect,
  newCast,
  pollDevice,
  post,
  redeem,
  refresh,
  send,
  withoutRedirect,
  deviceGrant,
  type Cast,
} from '../security/journey.ts'

/** Every place that takes a secret: whether it lets in who presents this one. */
export async function doorsOf({
  fixture,
  client,
  person,
}: Cast): Promise<Record<string, (value: string) => Promise<boolean>>> {
  const at = (path: string): string => fixture.issuer + path
  const { call } = apiOf(fixture)
  const device = await newCast(fixture, withoutRedirect(deviceGrant))
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
  const calling =
    (path: string, bodyOf: (value: string) => object) =>
    async (value: string): Promise<boolean> =>
      (await call('POST', path, { body: bodyOf(value) })).status < 300
  const ok = async (answer: Promise<{ status: number }>): Promise<boolean> =>
    (await answer).status < 300
  return {
    // First, since they last for a minute.
    code: (value) => ok(redeem({ fixture, client }, { code: value, verifier: value })),
    'pushed request': async (value) => {
      const url = new URL(at('/oauth/authorize'))
      url.searchParams.set('client_id', client.id)
      url.searchParams.set('request_uri', `urn:ietf:params:oauth:request_uri:${value}`)
      return (await send(url, { headers: { accept: 'text/html' } })).status < 400
    },
    'access token': (value) => ok(send(at('/oauth/userinfo'), { headers: bearer(value) })),
    'API token': (value) => ok(send(at('/users/me'), { headers: bearer(value) })),
    'API key': (value) => ok(send(at('/users/me'), { headers: { 'x-api-key': value } })),
    'refresh token': (value) => ok(refresh({ fixture, client }, value)),
    'refresh token of the API': calling('/auth/refresh', (value) => ({ refresh_token: value })),
    'device code': (value) => ok(pollDevice(device, value)),
    'client secret': (value) =>
      ok(post(at('/oauth/introspect'), { ...client, secret: value }, { token: 'x' })),
    'token to introspect': async (value) =>
      (await introspect({ fixture, client }, value))['active'] === true,
    'session cookie': async (value) => {
      const cookie = `yumen_session=${value}; yumen_session.sig=${value}`
      const url = authorizeUrl(fixture, client, { prompt: 'none' })
      const { headers } = await send(url, { headers: { cookie } })
      return headers.get('location')?.includes('code=') === true
    },
    interaction: async (value) => {
      const path = `/interaction/${encodeURIComponent(value)}`
      const cookie = `yumen_interaction=${value}; yumen_interaction.sig=${value}`
      return ok(send(at(path), { headers: { accept: 'text/html', cookie } }))
    },
    'reset token': calling('/auth/reset-password', (value) => ({
      token: value,
      password: 'a fine long pass phrase',
    })),
    'verify token': calling('/auth/verify-email', (value) => ({ token: value })),
    'verify code': calling('/auth/verify-email', (value) => ({ email: person.email, code: value })),
    mfa_token: calling('/auth/mfa', (value) => ({
      mfa_token: value,
      method: 'totp',
      code: '000000',
    })),
    password: calling('/auth/login', (value) => ({ email: person.email, password: value })),
  }
}
