import { appWith } from '../support/authenticator.ts'
import type { Stage } from './account-journey.ts'

/** What a person sets up beside their password, and how they sign in with it. Passkeys want a browser: `test/browser`. */
export async function factorJourney({ journey, fixture }: Stage): Promise<void> {
  const { visit, refused, misuse } = journey
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { emailVerified: true })
  const credentials = { email: person.email, password: person.password }
  const { access_token: token } = await visit('POST /auth/login', { body: credentials })
  const wrong = { current_password: 'not the one' }

  await refused('POST /users/me/factors/recovery-codes', 409, { token, body: {} })
  await refused('POST /users/me/factors/totp', 401, { token, body: wrong })
  const { secret, setup_token } = await visit('POST /users/me/factors/totp', { token, body: {} })
  const app = appWith(secret)
  const confirm = { setup_token, code: app.next(), name: '手机' }
  await refused('POST /users/me/factors/totp/confirm', 401, {
    token,
    body: { ...confirm, code: app.wrong() },
  })
  const added = await visit('POST /users/me/factors/totp/confirm', { token, body: confirm })
  await visit('GET /users/me/factors', { token })
  const { recovery_codes: codes } = await visit('POST /users/me/factors/recovery-codes', {
    token,
    body: {},
  })
  await visit('POST /users/me/factors/passkeys/options', { token, body: {} })
  const response = { id: 'AAAA' }
  await misuse('POST /users/me/factors/passkeys', { token, body: { response } })
  await refused('POST /users/me/factors/passkeys', 400, { token, body: { response } })

  const { mfa_token } = await refused('POST /auth/login', 403, { body: credentials })
  const answer = { mfa_token, method: 'recovery', code: codes[0] }
  await refused('POST /auth/mfa', 401, { body: { ...answer, code: '0000-0000-0000' } })
  await visit('POST /auth/mfa', { body: answer })
  await visit('POST /auth/passkey/options', { body: {} })
  await misuse('POST /auth/passkey', { body: { response } })
  await refused('POST /auth/passkey', 401, { body: { response } })

  const params = { id: added.factor.id }
  await visit('PATCH /users/me/factors/{id}', { token, params, body: { name: 'old' } })
  await visit('DELETE /users/me/factors/{id}', { token, params, body: {} })

  const seen = { address: '192.0.2.1', agent: 'Firefox' }
  const { rememberedDevices } = fixture.server.services.strongSignIn
  await rememberedDevices.remember({ userId: person.id }, seen)
  const { devices } = await visit('GET /users/me/remembered-devices', { token })
  const device = { id: devices[0].id }
  await visit('DELETE /users/me/remembered-devices/{id}', { token, params: device })
  await visit('DELETE /users/me/remembered-devices', { token })
}
