import { apiOf } from '../support/api.ts'
import type { Fixture } from '../support/start.ts'
import type { newCast } from '../security/journey.ts'
import { obtainCode, post, redeem, withoutRedirect, type TestClient } from '../security/journey.ts'

/** Who calls: what they bring, and what it allows. */
export interface Caller {
  name: string
  headers: Record<string, string>
  scopes: ReadonlySet<string>
  /** Whether they act as a person, and whether by an application of someone else. */
  kind: 'nobody' | 'person' | 'key' | 'third party' | 'machine'
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const wordsOf = (scope: unknown): Set<string> =>
  new Set(typeof scope === 'string' ? scope.split(' ') : [])

/** One of every kind, and of each kind that can be limited one for each scope that it can get. */
export async function callersOf(fixture: Fixture, scopes: readonly string[]): Promise<Caller[]> {
  const person = await fixture.addUser()
  const boss = await fixture.addUser()
  await fixture.storage.users.update(boss.id, { roles: ['admin'] })
  const own = await apiOf(fixture).login(person)
  const callers: Caller[] = [
    { name: 'nobody', headers: {}, scopes: new Set(), kind: 'nobody' },
    {
      name: 'a person',
      headers: bearer(own.access_token),
      scopes: wordsOf(own.scope),
      kind: 'person',
    },
  ]
  const { access_token: token } = await apiOf(fixture).login(boss)
  for (const scope of scopes) {
    const body = { name: scope, scopes: [scope] }
    const made = await apiOf(fixture).call('POST', '/users/api-keys', { token, body })
    if (made.status === 201)
      callers.push({
        name: `an administrator’s API key for ${scope}`,
        headers: { 'x-api-key': made.body.key },
        scopes: new Set([scope]),
        kind: 'key',
      })
    callers.push(...(await thirdParty({ fixture, person: boss }, scope)))
    callers.push(...(await machine(fixture, scope)))
  }
  return callers
}

/** An application of someone else to which an administrator has given one scope; none when the server refuses. */
async function thirdParty(
  { fixture, person }: Pick<Awaited<ReturnType<typeof newCast>>, 'fixture' | 'person'>,
  scope: string,
): Promise<Caller[]> {
  const { API_RESOURCE: resource } = fixture.config
  const client = await fixture.addClient({ default_resource: resource })
  const cast = { fixture, client, person }
  const code = await obtainCode(cast, { scope: `openid ${scope}`, resource }).catch(() => undefined)
  if (!code) return []
  const { json } = await redeem(cast, code)
  const { access_token: token } = json
  if (typeof token !== 'string') return []
  return [
    {
      name: `an application with ${scope}`,
      headers: bearer(token),
      scopes: wordsOf(json['scope']),
      kind: 'third party',
    },
  ]
}

async function machine(fixture: Fixture, scope: string): Promise<Caller[]> {
  const { API_RESOURCE: resource, issuer } = { ...fixture.config, issuer: fixture.issuer }
  const client: TestClient = await fixture.addClient(withoutRedirect('client_credentials'))
  const fields = { grant_type: 'client_credentials', scope, resource }
  const { json } = await post(`${issuer}/oauth/token`, client, fields)
  const { access_token: token } = json
  if (typeof token !== 'string') return []
  return [
    {
      name: `a machine with ${scope}`,
      headers: bearer(token),
      scopes: wordsOf(json['scope']),
      kind: 'machine',
    },
  ]
}
