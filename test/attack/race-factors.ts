import { apiOf } from '../support/api.ts'
import { addApp, appWith } from '../support/authenticator.ts'
import type { Fixture, Person } from '../support/start.ts'
import { fifty } from '../security/journey.ts'
import { sound, type Kind, type Shot } from './race-kind.ts'

/** Fifty sign-ins of one person that all wait for a second factor. */
const waiting = (fixture: Fixture, { email, password }: Person): Promise<string[]> =>
  fifty(async () => {
    const api = apiOf(fixture)
    const { status, body } = await api.call('POST', '/auth/login', { body: { email, password } })
    if (status !== 403) throw new Error(`no second factor was asked for: ${status}`)
    return String(body.mfa_token)
  })

const answering =
  (tokens: string[], answer: object): Shot =>
  async (door, n) => {
    const body = { mfa_token: tokens[n], ...answer }
    const result = await apiOf({ issuer: door }).call('POST', '/auth/mfa', { body })
    sound(result.status, JSON.stringify(result.body))
    return result.status === 200 ? String(n) : undefined
  }

async function beginApp(fixture: Fixture, person: Person) {
  await fixture.storage.users.update(person.id, { emailVerified: true })
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  const { body } = await api.call('POST', '/users/me/factors/totp', { token, body: {} })
  const confirm = { setup_token: body.setup_token, code: appWith(body.secret).next(), name: 'app' }
  return { api, token, confirm }
}

export const factorKinds: Kind[] = [
  {
    name: 'TOTP code over 50 mfa_tokens',
    async prepare({ fixture }) {
      const person = await fixture.addUser()
      const app = await addApp(fixture, person.id)
      const tokens = await waiting(fixture, person)
      return answering(tokens, { method: 'totp', code: app.next() })
    },
  },
  {
    name: 'recovery code over 50 mfa_tokens',
    async prepare({ fixture }) {
      const person = await fixture.addUser()
      const { api, token, confirm } = await beginApp(fixture, person)
      const path = '/users/me/factors/totp/confirm'
      const { body } = await api.call('POST', path, { token, body: confirm })
      const tokens = await waiting(fixture, person)
      return answering(tokens, { method: 'recovery', code: body.recovery_codes[0] })
    },
  },
  {
    name: 'TOTP enrolment',
    async prepare({ fixture }) {
      const { token, confirm } = await beginApp(fixture, await fixture.addUser())
      return async (door, n) => {
        const path = '/users/me/factors/totp/confirm'
        const { call } = apiOf({ issuer: door })
        const { status, body } = await call('POST', path, { token, body: confirm })
        sound(status, JSON.stringify(body))
        return status === 201 ? String(n) : undefined
      }
    },
  },
]
