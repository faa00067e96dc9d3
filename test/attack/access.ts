import { newId } from '#lib/ids.ts'
import { bodies } from '../api/bodies.ts'
import { readContract, type Operation } from '../api/document.ts'
import { apiOf } from '../support/api.ts'
import type { Fixture, Person } from '../support/start.ts'
import { newCast, obtainCode, offline, redeem, send, type Answer } from '../security/journey.ts'
import { callersOf, type Caller } from './callers.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage } from './stage.ts'

/** What an application of someone else must not do with a person's token, and what a key must not do either. */
const firstPartyOnly = [
  'DELETE /users/me',
  'POST /users/me/password',
  'POST /users/me/email',
  'POST /users/me/identities',
  'POST /users/me/factors/totp',
  'POST /users/me/factors/recovery-codes',
  'POST /users/me/factors/passkeys/options',
  'DELETE /users/me/factors/{id}',
]

const call = (
  { issuer }: Fixture,
  { method, path }: Pick<Operation, 'method' | 'path'>,
  { headers, body }: { headers: Record<string, string>; body?: unknown },
): Promise<Answer> =>
  send(issuer + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const bodyOf = ({ name, body }: Operation): object | undefined =>
  body === undefined ? undefined : bodies[name]!()

const filled = (operation: Operation, id: string): Operation => ({
  ...operation,
  path: operation.path.replaceAll(/\{\w+\}/g, encodeURIComponent(id)),
})

/** Whether the document lets the caller in. What it lets in may still be refused for want of a proof. */
function mayCall({ scope, name }: Operation, { scopes, kind }: Caller): boolean {
  if (scope === undefined || !scopes.has(scope)) return false
  if (kind === 'machine' && scope.startsWith('account:')) return false
  if (kind === 'third party' && name === 'POST /users/api-keys') return false
  return !(['third party', 'key'].includes(kind) && firstPartyOnly.includes(name))
}

/** OWASP API1 and API5: every operation of the document, by every kind of caller. */
export const access: Program = {
  name: 'access',
  title: 'every operation of /openapi.json by every kind of caller, and with the ids of others',
  storages,
  limitMs: 300_000,
  async run(trial) {
    const { fixture } = await openStage(trial)
    const { operations } = await readContract(fixture.issuer)
    const guarded = operations.filter(({ isGuarded }) => isGuarded)
    const scopes = [...new Set(guarded.flatMap(({ scope }) => scope ?? []))]
    const callers = await callersOf(fixture, scopes)
    for (const kind of ['nobody', 'person', 'key', 'third party', 'machine'] as const) {
      const ours = callers.filter((caller) => caller.kind === kind)
      const { tried, against } = await tryAll(fixture, guarded, ours)
      const attack = `scopes: ${kind} (${ours.length} callers)`
      trial.report.row({ attack, tried, against })
    }
    const person = callers.filter(({ kind }) => kind === 'person' || kind === 'key')
    const lacking = await refusedReads(fixture, guarded, person)
    trial.report.row({ attack: 'control: what is allowed works', tried: 1, against: lacking })
    trial.report.row({
      attack: 'ids of another person',
      ...(await withForeignIds(fixture, guarded)),
    })
  },
}

async function tryAll(fixture: Fixture, operations: Operation[], callers: Caller[]) {
  const against: string[] = []
  let tried = 0
  for (const caller of callers) {
    for (const operation of operations) {
      if (mayCall(operation, caller)) continue
      tried += 1
      const at = filled(operation, newId())
      const request = { headers: caller.headers, body: bodyOf(operation) }
      const { status } = await call(fixture, at, request)
      if (status !== 401 && status !== 403)
        against.push(`${operation.name} by ${caller.name}: ${status}`)
    }
  }
  return { tried, against }
}

/** The attack counts only if the callers are who they say. */
async function refusedReads(
  fixture: Fixture,
  operations: Operation[],
  callers: Caller[],
): Promise<string[]> {
  const refused: string[] = []
  for (const caller of callers)
    for (const operation of operations) {
      const { method, name, pathParameters } = operation
      if (method !== 'GET' || pathParameters.length > 0 || !mayCall(operation, caller)) continue
      const { status } = await call(fixture, operation, caller)
      if (status === 401 || status === 403) refused.push(`${name} by ${caller.name}: ${status}`)
    }
  return refused
}

interface Victim {
  person: Person
  /** Of everything that is theirs. */
  ids: string[]
}

async function victimOf(fixture: Fixture): Promise<Victim> {
  const cast = await newCast(fixture)
  const { person } = cast
  await redeem(cast, await obtainCode(cast, offline))
  await apiOf(fixture).login(person)
  const { storage, server } = fixture
  const {
    apiKeys,
    signIns: { sessions },
    strongSignIn: { rememberedDevices },
  } = server.services
  const about = { userId: person.id, name: 'theirs', scopes: [] }
  const { record } = await apiKeys.create(about, { scopes: new Set() })
  const factor = { id: newId(), userId: person.id, key: newId(), name: '', data: '{}', counter: 0 }
  await storage.factors.add({ ...factor, kind: 'totp' })
  const identity = { provider: 'google', appId: 'a', subject: newId(), profile: {} }
  await storage.identities.link(person.id, identity)
  await rememberedDevices.remember({ userId: person.id }, { address: '192.0.2.1', agent: 'x' })
  const lists = await Promise.all([
    sessions.list(person.id),
    rememberedDevices.list(person.id),
    storage.identities.listByUser(person.id),
  ])
  const grants = await sessions.listGrants(person.id)
  const ids = [person.id, record.id, factor.id, ...lists.flat().map(({ id }) => id)]
  // The server's own application is everyone's.
  const clients = grants.map(({ clientId }) => clientId).filter((one) => one !== 'first-party')
  return { person, ids: [...ids, ...clients] }
}

/** All that is kept of a person. */
async function stateOf({ storage, server }: Fixture, { id }: Person): Promise<string> {
  const {
    signIns: { sessions },
    strongSignIn: { rememberedDevices },
  } = server.services
  return JSON.stringify([
    await storage.users.findById(id),
    await storage.users.findPasswordHash(id),
    (await storage.apiKeys.listByUser(id)).map(({ hash, scopes }) => [hash, scopes]),
    await storage.identities.listByUser(id),
    await storage.factors.listByUser(id),
    await sessions.list(id),
    await sessions.listGrants(id),
    await rememberedDevices.list(id),
  ])
}

/** In the path, the query and the body, where someone might take them for the caller's. */
async function withForeignIds(fixture: Fixture, guarded: Operation[]) {
  const victim = await victimOf(fixture)
  const before = await stateOf(fixture, victim.person)
  const against: string[] = []
  let tried = 0
  for (const operation of guarded.filter(({ path }) => !path.startsWith('/admin'))) {
    // A new one each time: some operations end the session of the caller.
    const { access_token: token } = await apiOf(fixture).login(await fixture.addUser())
    const headers = { authorization: `Bearer ${token}` }
    const { id, email } = victim.person
    const named = { id, user_id: id, userId: id, sub: id, owner: id, account_id: id }
    const valid = bodyOf(operation)
    const ids = operation.pathParameters.length > 0 ? victim.ids : [id]
    for (const one of ids) {
      for (const body of valid ? [valid, { ...valid, ...named }] : [undefined]) {
        tried += 1
        const at = filled(operation, one)
        const query = `?${new URLSearchParams({ ...named, email }).toString()}`
        for (const path of [at.path, at.path + query]) {
          const { status, text } = await call(fixture, { ...at, path }, { headers, body })
          const isTold = [...victim.ids, email].some((secret) => text.includes(secret))
          if (isTold) against.push(`${operation.name} tells: ${text.slice(0, 100)}`)
          if (operation.pathParameters.length > 0 && status < 300)
            against.push(`${operation.name}: ${status}`)
        }
      }
    }
    if ((await stateOf(fixture, victim.person)) !== before)
      return { tried, against: [...against, `${operation.name} changed something`] }
  }
  return { tried, against }
}
