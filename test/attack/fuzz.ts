import * as fc from 'fast-check'
import { readContract, type Contract } from '../api/document.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import { callback, type Fixture, type Person } from '../support/start.ts'
import { basic, newCast, obtainCode, send, type Answer } from '../security/journey.ts'
import { leakIn } from '../security/clean.ts'
import { wildRequests, type Wild } from './fuzz-requests.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage } from './stage.ts'

const hangMs = 30_000

/** What each kind of caller brings. */
type Credentials = Record<Wild['as'], Record<string, string>>

interface World {
  fixture: Fixture
  contract: Contract
  credentials: Credentials
  /** Signs in again who was signed out by a request. */
  renew(as: Wild['as']): Promise<void>
}

async function worldOf(fixture: Fixture): Promise<World & { known: string[] }> {
  const boss = await fixture.addUser()
  await fixture.storage.users.update(boss.id, { roles: ['admin'] })
  const person = await fixture.addUser()
  const browser = createBrowser(fixture.issuer)
  const cast = { ...(await newCast(fixture)), browser }
  const { code } = await obtainCode(cast)
  const bearer = async (who: Person) => ({
    authorization: `Bearer ${(await apiOf(fixture).login(who)).access_token}`,
  })
  const headers = await bearer(boss)
  const body = { name: 'fuzz', scopes: ['account:read', 'account:write', 'admin:users'] }
  const { body: key } = await apiOf(fixture).call('POST', '/users/api-keys', { headers, body })
  const credentials: Credentials = {
    nobody: {},
    person: await bearer(person),
    administrator: headers,
    key: { 'x-api-key': key.key },
    client: basic(cast.client),
    browser: { cookie: await browser.jar.getCookieString(fixture.issuer) },
  }
  await fixture.storage.roles.put({ name: 'fuzzed', description: undefined, permissions: {} })
  const other = await fixture.addClient()
  const subject = await fixture.addUser()
  const known = [
    subject.id,
    other.id,
    cast.client.id,
    key.id,
    code,
    callback,
    fixture.config.API_RESOURCE,
    ...'fuzzed code S256 none zh-CN authorization_code refresh_token client_credentials'.split(' '),
    'openid offline_access account:read',
    'x'.repeat(43),
  ]
  return {
    fixture,
    contract: await readContract(fixture.issuer),
    credentials,
    known,
    async renew(as) {
      const who = as === 'person' ? person : as === 'administrator' ? boss : undefined
      if (who) credentials[as] = await bearer(who).catch(() => ({}))
    },
  }
}

const encode = (pairs: [string, string][]): string =>
  new URLSearchParams(
    pairs.map(([name, value]): [string, string] => [name.toWellFormed(), value.toWellFormed()]),
  ).toString()

/** Never empty, and no dots that would lead to another route. */
const segment = (text = ''): string =>
  /^\.*$/.test(text) ? '0' : encodeURIComponent(text.toWellFormed())

async function ask({ fixture, credentials }: World, wild: Wild): Promise<Answer> {
  const { method, params, query, body, headers } = wild
  let index = 0
  const path = wild.path.replaceAll(/\{\w+\}/g, () => segment(params[index++]))
  const search = encode(query)
  const written =
    body.kind === 'form' ? encode(body.fields) : body.kind === 'text' ? body.text : undefined
  const type = body.kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  return send(`${fixture.issuer}${path}${search && `?${search}`}`, {
    method,
    headers: {
      ...(written === undefined ? {} : { 'content-type': type }),
      ...headers,
      ...credentials[wild.as],
    },
    ...(written === undefined ? {} : { body: written }),
    signal: AbortSignal.timeout(hangMs),
  })
}

/** What is wrong with the answer; undefined when nothing is. */
async function complaint(world: World, wild: Wild): Promise<string | undefined> {
  const answer = await ask(world, wild).catch((error: unknown) => String(error))
  if (typeof answer === 'string') return `no answer: ${answer}`
  const { status, headers, text } = answer
  if (status === 401) await world.renew(wild.as)
  const isAway = (status === 503 || status === 502) && headers.has('retry-after')
  if (status >= 500 && !isAway) return `${status} ${text.slice(0, 200)}`
  if (status < 400) return undefined
  const leak = leakIn(text)
  if (leak !== undefined) return `it tells ${leak}`
  if (wild.operation && !isAway) return world.contract.complaint(wild.operation, answer)
  const isHtml = headers.get('content-type')?.startsWith('text/html')
  if (isHtml || /"(error|code)":"\w+"/.test(text)) return undefined
  return `${status} in no documented form: ${text.slice(0, 200)}`
}

/** Of one kind, however it came about. */
const kindOf = (wild: Wild, message: string): string =>
  `${wild.name}: ${message.slice(0, 40).replaceAll(/\d{2,}|[0-9a-f]{8,}/g, '…')}`

export const fuzz: Program = {
  name: 'fuzz',
  title: 'random requests to every route, shrunk to the least that fails',
  storages,
  limitMs: 900_000,
  async run(trial) {
    const { fixture } = await openStage(trial)
    const world = await worldOf(fixture)
    const wilds = wildRequests(world.contract.operations, world.known)
    const total = trial.isShort ? 500 : 20_000
    const lanes = 4
    const found = new Map<string, string>()
    const lane = async (seed: number): Promise<void> => {
      for (let left = total / lanes, turn = 0; left > 0 && found.size < 20; turn++) {
        const result = await fc.check(
          fc.asyncProperty(wilds, async (wild) => {
            const message = await complaint(world, wild)
            if (message !== undefined && !found.has(kindOf(wild, message))) throw new Error(message)
          }),
          { numRuns: left, seed: seed + turn, maxSkipsPerRun: 0 },
        )
        left -= result.numRuns
        if (!result.failed) return
        const [wild] = result.counterexample ?? []
        const message = String((result.errorInstance as Error | undefined)?.message)
        if (wild) found.set(kindOf(wild, message), `${message} for ${shown(wild)}`)
        trial.say(`${wild?.name}: ${message}`)
      }
    }
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(trial.seed + index * 1000)))
    const attack = `requests, seed ${trial.seed}`
    trial.report.row({ attack, tried: total, against: [...found.values()] })
  },
}

/** Without the document's own text. */
const shown = (wild: Wild): string =>
  JSON.stringify({ ...wild, operation: undefined }).slice(0, 600)
