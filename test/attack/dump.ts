import { sha256 } from '#lib/hashing.ts'
import { newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { codeIn } from '../support/codes.ts'
import { dumpStorage } from '../security/dump.ts'
import { handOutEverything, type Secrets } from '../security/handed-out.ts'
import type { Cast } from '../security/journey.ts'
import { doorsOf } from './doors.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'
import { openStage, type Stage } from './stage.ts'

/** What mails and the API give out, beside what `handOutEverything` uses. */
async function handOutMore({ fixture, inbox }: Stage, secrets: Secrets): Promise<void> {
  const person = await fixture.addUser()
  const { email, password } = person
  const { call, login } = apiOf(fixture)
  const { access_token: token, refresh_token } = await login(person)
  secrets.set('refresh token of the API', refresh_token)
  await call('POST', '/auth/forgot-password', { body: { email } })
  // Of someone else: a confirmed address ends the other links.
  const unconfirmed = (await fixture.addUser()).email
  await call('POST', '/auth/request-verify', { body: { email: unconfirmed } })
  const reset = await inbox.waitFor(/new .*password/i, email)
  const verify = await inbox.waitFor(/^Your code is/, unconfirmed)
  secrets.set('reset token', /token=([\w-]+)/.exec(reset.text)![1]!)
  secrets.set('verify token', /token=([\w-]+)/.exec(verify.text)![1]!)
  secrets.set('verify code', codeIn(verify))
  const address = `new-${email}`
  const body = { email: address, current_password: password }
  await call('POST', '/users/me/email', { token, body })
  secrets.set('change code', codeIn(await inbox.waitFor(/^Your code is/, address)))
  const key = { name: 'ci', scopes: ['account:read'] }
  secrets.set('API key', (await call('POST', '/users/api-keys', { token, body: key })).body.key)
}

/** A secret as it might have been kept. */
const spellings = (secret: string): Record<string, string> => {
  const bytes = Buffer.from(secret)
  return {
    plain: secret,
    URL: encodeURIComponent(secret),
    base64: bytes.toString('base64').replace(/=+$/, ''),
    base64url: bytes.toString('base64url'),
    hex: bytes.toString('hex'),
    'upper-case hex': bytes.toString('hex').toUpperCase(),
  }
}

/** Codes of six digits are in any text of that size; they are tried at the doors instead. */
const isSearchable = (secret: string): boolean => secret.length >= 8

const found = (text: string, secrets: Secrets): string[] =>
  [...secrets]
    .filter(([, secret]) => isSearchable(secret))
    .flatMap(([name, secret]) =>
      Object.entries(spellings(secret)).flatMap(([how, spelling]) =>
        text.includes(spelling) ? [`${name}, ${how}`] : [],
      ),
    )

/** The parts of a value that could be a secret by themselves: what is between quotes, and around colons. */
const partsOf = (value: string): string[] => [
  value,
  ...[...value.matchAll(/"([^"\\]+)"/g)].map(([, text]) => text!),
  ...value.split(':'),
]

export const dump: Program = {
  name: 'dump',
  title: 'a thief of the storage finds no secret, and nothing in it opens a door',
  storages,
  limitMs: 1_800_000,
  async run(trial) {
    const stage = await openStage(trial)
    const { secrets, cast } = await handOutEverything(stage.fixture)
    await handOutMore(stage, secrets)
    const { text, values } = await dumpStorage(stage.fixture)
    const lacking = secrets.size < 40 || !text.includes(sha256(secrets.get('reset token')!))
    trial.report.row({
      attack: 'control: the dump is of this storage',
      tried: 1,
      against: lacking ? ['the hash of the reset token is not in it'] : [],
    })
    const attack = `${secrets.size} secrets in a dump of ${values.length} values`
    trial.report.row({ attack, tried: 6 * secrets.size, against: found(text, secrets) })
    await present(values, { ...trial, cast })
    await control(stage, trial.report)
  },
}

async function present(
  values: readonly string[],
  { report, say, isShort, cast }: Parameters<Program['run']>[0] & { cast: Cast },
): Promise<void> {
  const candidates = [...new Set(values.flatMap(partsOf))].filter((value) =>
    /^[\x21-\x7e]{6,512}$/.test(value),
  )
  const some = isShort ? candidates.filter((_, index) => index % 4 === 0) : candidates
  const doors = await doorsOf(cast)
  for (const [name, open] of Object.entries(doors)) {
    const against: string[] = []
    if (await open(newSecret())) against.push('anything opens it')
    for (const value of some) {
      for (const [how, shown] of Object.entries({ plain: value, hashed: sha256(value) }))
        if (await open(shown)) against.push(`${value.slice(0, 60)}, ${how}`)
    }
    report.row({ attack: `each value and its SHA-256 as ${name}`, tried: 2 * some.length, against })
    say(name)
  }
}

/** The doors count only if they open for what was handed out. */
const fitting: Record<string, string> = {
  'API token': 'API: access_token',
  'API key': 'API key',
  'refresh token of the API': 'refresh token of the API',
  'client secret': 'client secret',
  'pushed request': 'unused: request',
  'reset token': 'reset token',
  'verify token': 'verify token',
}

async function control(stage: Stage, report: Report): Promise<void> {
  // New ones: some of the others have ended by now.
  const { secrets, cast } = await handOutEverything(stage.fixture)
  await handOutMore(stage, secrets)
  const doors = await doorsOf(cast)
  const against: string[] = []
  for (const [door, name] of Object.entries(fitting))
    if (!(await doors[door]!(secrets.get(name)!))) against.push(`${name} as ${door}`)
  const tried = Object.keys(fitting).length
  report.row({ attack: 'control: what was handed out opens its door', tried, against })
}
