import { newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { createBrowser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openTwo, type Stage } from './stage.ts'
import { loads, steal, whatWorks, whileInUse, type Stolen } from './thief.ts'

const everything = ['cookie', 'access token', 'refresh token', 'code', 'unfinished sign-in']

interface End {
  name: string
  /** What is over with it, by the beginning of its name. */
  ends: string[]
  run(stolen: Stolen, stage: Stage, boss: string): Promise<unknown>
}

const ok = async (call: ReturnType<ReturnType<typeof apiOf>['call']>) => {
  const answer = await call
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
  return answer
}

const own = (method: string, path: string, body?: (stolen: Stolen) => object) => (stolen: Stolen) =>
  ok(apiOf(stolen.fixture).call(method, path, { token: stolen.ownerToken, body: body?.(stolen) }))

const admin =
  (path: string, body?: () => object): End['run'] =>
  ({ fixture, person }, _stage, token) =>
    ok(apiOf(fixture).call('POST', `/admin/users/${person.id}/${path}`, { token, body: body?.() }))

const ends: End[] = [
  {
    name: 'reset by mail',
    ends: [...everything, 'API key'],
    async run({ fixture, person }, { inbox }) {
      const { call } = apiOf(fixture)
      await ok(call('POST', '/auth/forgot-password', { body: { email: person.email } }))
      const { text } = await inbox.waitFor(/new .*password/i, person.email)
      const body = { token: /token=([\w-]+)/.exec(text)![1], password: newSecret() }
      return ok(call('POST', '/auth/reset-password', { body }))
    },
  },
  {
    name: 'DELETE /users/me/sessions',
    ends: everything,
    run: own('DELETE', '/users/me/sessions'),
  },
  {
    name: 'DELETE /users/me/sessions?api_keys=end',
    ends: [...everything, 'API key'],
    run: own('DELETE', '/users/me/sessions?api_keys=end'),
  },
  {
    name: 'DELETE /users/me/sessions?except=current',
    ends: everything,
    run: own('DELETE', '/users/me/sessions?except=current'),
  },
  {
    name: 'DELETE /users/me/sessions/{id}',
    // ADR 14: the codes of the session are good for their minute, and tokens are an application's.
    ends: ['cookie'],
    async run(stolen) {
      const { fixture, ownerToken: token } = stolen
      const { body } = await apiOf(fixture).call('GET', '/users/me/sessions', { token })
      const browsers = body.sessions.filter(({ kind }: { kind: string }) => kind === 'browser')
      for (const { id } of browsers) await own('DELETE', `/users/me/sessions/${id}`)(stolen)
    },
  },
  { name: 'own sign-out', ends: ['cookie'], run: signOut },
  { name: 'logout by an administrator', ends: everything, run: admin('logout') },
  {
    name: 'password set by an administrator',
    ends: [...everything, 'API key'],
    run: admin('reset-password', () => ({ password: newSecret() })),
  },
  {
    name: 'ban, then unban',
    ends: everything,
    async run(stolen, stage, boss) {
      await admin('ban', () => ({}))(stolen, stage, boss)
      return admin('unban')(stolen, stage, boss)
    },
  },
  {
    name: 'DELETE /users/me, then saved by signing in',
    ends: [...everything, 'API key'],
    async run(stolen) {
      const { password } = stolen.person
      await own('DELETE', '/users/me', () => ({ current_password: password }))(stolen)
      return apiOf(stolen.fixture).login(stolen.person)
    },
  },
]

/** As the browser signs out: the page, then its form. */
async function signOut({ fixture, cookies }: Stolen): Promise<void> {
  const browser = createBrowser(fixture.issuer)
  for (const pair of [...cookies][0]!.split('; '))
    await browser.jar.setCookie(`${pair}; Path=/`, fixture.issuer)
  const page = await browser.open(`${fixture.issuer}/oauth/logout`)
  const done = await page.submit('/oauth/logout/confirm', { logout: 'yes' })
  if (done.status >= 400) throw new Error(`${done.status} ${done.text}`)
}

/** The engine saves a session whole at the end of a request; see docs/adr/0014-how-sign-ins-end.md. */
export const resurrect: Program = {
  name: 'resurrect',
  title: 'a session that is in use survives none of its ends',
  storages,
  limitMs: 1_200_000,
  async run(trial) {
    const stage = await openTwo(trial)
    const rounds = trial.isShort ? 1 : 3
    const against = await whatNeverWorked(stage)
    trial.report.row({ attack: 'control: everything works before', tried: 1, against })
    for (const end of ends) {
      // New for each end: a whole run may take longer than a token lasts.
      const boss = await administrator(stage.fixture)
      for (const load of loads) {
        const against: string[] = []
        for (let round = 0; round < rounds; round++) {
          const stolen = await steal(stage.fixture)
          const failed = await whileInUse(stolen, { load, doors: stage.doors }, () =>
            end.run(stolen, stage, boss),
          ).then(
            () => [],
            (error: unknown) => [`the end did not work: ${String(error)}`],
          )
          against.push(...failed)
          const alive = await whatWorks(stolen, stage.doors)
          against.push(...alive.filter((one) => end.ends.some((name) => one.startsWith(name))))
        }
        trial.report.row({ attack: `${end.name}; ${load.name}`, tried: rounds, against })
      }
      trial.say(end.name)
    }
  },
}

/** The attack counts only if all that is stolen works before the end. */
async function whatNeverWorked({ fixture, doors }: Stage): Promise<string[]> {
  const stolen = await steal(fixture)
  const load = { name: '', parallel: 1, pauseMs: 0 }
  await whileInUse(stolen, { load, doors }, () => Promise.resolve())
  const works = await whatWorks(stolen, doors)
  const expected = [...everything, 'API key']
  return expected
    .filter((name) => !works.some((one) => one.startsWith(name)))
    .map((name) => `${name} did not work before`)
}

export async function administrator(fixture: Fixture): Promise<string> {
  const boss = await fixture.addUser()
  await fixture.storage.users.update(boss.id, { roles: ['admin'] })
  return (await apiOf(fixture).login(boss)).access_token
}
