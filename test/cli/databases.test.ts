import { hash as hashBcrypt } from 'bcryptjs'
import { readFile } from 'node:fs/promises'
import { apiOf } from '../support/api.ts'
import type { Fixture } from '../support/start.ts'
import { onEveryServer } from '../support/storages.ts'
import { yumen, type Outcome } from './cli.ts'
import { temporaryFile } from './import/temporary-file.ts'

/** Runs commands beside a server, on the database that they share. */
const besides = ({ config }: Fixture) => {
  const env = {
    NODE_ENV: 'test',
    ISSUER: config.ISSUER,
    DATA_DIR: config.DATA_DIR,
    DATABASE_URL: config.DATABASE_URL,
    SECRET_KEY: config.SECRET_KEY!,
    ARGON2_MEMORY_KIB: String(config.ARGON2_MEMORY_KIB),
    ARGON2_TIME_COST: String(config.ARGON2_TIME_COST),
  }
  return (words: string, ...more: string[]): Promise<Outcome> =>
    yumen(env, ...words.split(' '), ...more)
}

const factIn = ({ out }: Outcome, name: string): string =>
  new RegExp(`^${name} +(\\S+)`, 'm').exec(out)?.[1] ?? ''

onEveryServer(
  'people are imported and made by commands, and sign in at the server',
  async (t, begin) => {
    const fixture = await begin()
    const command = besides(fixture)
    const api = apiOf(fixture)
    const login = async (username: string, password: string): Promise<number> =>
      (await api.call('POST', '/auth/login', { body: { username, password } })).status

    await fixture.addUser({ email: 'Taken@example.com' })
    const password_hash = await hashBcrypt('correct horse', 4)
    const people = Array.from({ length: 60 }, (_, n) => ({
      id: n,
      email: `person${n}@example.com`,
      username: `person${n}`,
      nickname: '小明 🌱',
      password_hash,
      metadata: { public: { 颜色: '青' }, private: { plan: 'gold' } },
    }))
    const rows = [
      ...people,
      { id: 60, email: 'TAKEN@example.com' },
      { id: 61, username: 'PERSON7' },
    ]
    const path = await temporaryFile(
      t,
      'people.jsonl',
      rows.map((row) => JSON.stringify(row)).join('\n'),
    )
    const imported = await command('user import --batch 25', path)
    t.deepEqual([imported.code, imported.err], [1, ''])
    t.deepEqual([factIn(imported, 'created'), factIn(imported, 'refused')], ['60', '2'])
    const reasons = (await readFile(`${path}.refused.jsonl`, 'utf8')).match(/"reason":"\w+"/g)
    t.deepEqual(reasons, ['"reason":"email_taken"', '"reason":"username_taken"'])
    t.is(factIn(await command('user import', path), 'already there'), '60')
    t.is(await login('person7', 'correct horse'), 200)
    t.like(await fixture.storage.users.findByIdentifier('person59'), {
      nickname: '小明 🌱',
      metadata: { public: { 颜色: '青' }, private: { plan: 'gold', legacy_id: '59' } },
    })

    const made = await command('user create --email ann@example.com --username ann --role admin')
    t.deepEqual([made.code, made.err], [0, ''])
    t.is(await login('ann', factIn(made, 'password')), 200)
    const twice = await command('user create --username ANN')
    t.deepEqual([twice.code, twice.err], [1, 'The username is taken.\n'])
    const reset = await command('user reset-password person7')
    t.is(await login('person7', 'correct horse'), 401)
    t.is(await login('person7', factIn(reset, 'password')), 200)
    t.is((await command('user ban person7')).code, 0)
    t.is(await login('person7', factIn(reset, 'password')), 401)
    t.is((await command('user unban person7')).code, 0)
    t.is(await login('person7', factIn(reset, 'password')), 200)
    // The one that the server made at its first start, and then no one is left.
    t.is((await command('user ban admin')).code, 0)
    t.regex((await command('user ban ann')).err, /last administrator/)
  },
)

onEveryServer(
  'applications are registered by commands, and the server knows them and their secrets',
  async (t, begin) => {
    const fixture = await begin()
    const command = besides(fixture)
    const { email } = await fixture.addUser()
    const tokenFor = async (secret: string): Promise<number> => {
      const { status } = await fetch(`${fixture.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`job:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      return status
    }
    const create = 'client create --name 任务🌱 --id job --grant client_credentials'
    const made = await command(create)
    t.deepEqual([made.code, made.err], [0, ''])
    t.is((await command(create)).err, 'There is a client "job" already.\n')
    t.regex((await command('client list')).out, /^job {2}"任务🌱" {2}secrets: 1/m)
    const first = factIn(made, 'client_secret')
    const second = factIn(await command('client rotate-secret job'), 'client_secret')
    t.deepEqual([await tokenFor(first), await tokenFor(second)], [200, 200])
    t.is((await command('client rotate-secret job --drop-old')).code, 0)
    t.deepEqual([await tokenFor(first), await tokenFor(second)], [401, 200])

    const issued = JSON.parse((await command('token issue --user', email)).out) as object
    const { access_token: token } = issued as { access_token: string }
    t.is((await apiOf(fixture).call('GET', '/users/me', { token })).body.email, email)
    t.is((await command('keys rotate --force')).code, 0)
    t.is((await command('migrate --check')).code, 0)
  },
)
