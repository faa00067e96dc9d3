import { decodeJwt } from 'jose'
import { examine } from './examine.ts'
import { createVisit } from './load/application.ts'
import { startLoad } from './load/load.ts'
import { join, linkFor, opens, refresh, signIn, type World } from './load/world.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'
import { openStage, requestLimitMs, type Server, type Stage } from './stage.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The machine's clock was wrong and is put right: back, forward, far forward and back again. */
export const clock: Program = {
  name: 'clock',
  title: 'clock moved',
  storages: ['sqlite', 'postgres+redis'],
  short: [],
  limitMs: 8 * 60_000,
  async run({ t, storage, isShort, report }) {
    const stage = await openStage(t, { storage })
    const server = await stage.start()
    await moveBack(stage, report.part('an hour back'))
    await stage.clock.pass(hour)
    await moveForward(stage, report.part('an hour forward, and eight days'))
    if (!isShort) {
      await actAsUsual(stage, report.part('as usual, eight days ahead'))
      await stage.clock.pass(-8 * day)
      await actAsUsual(stage, report.part('as usual, eight days back'))
    }
    await judgeLife(server, report)
  },
}

async function act(stage: Stage): Promise<World> {
  const load = startLoad(stage)
  await load.until(60)
  await load.stop()
  return load.world
}

async function actAsUsual(stage: Stage, report: Report): Promise<void> {
  const world = await act(stage)
  report.promises(await examine(stage, world))
  report.answers([world.visitor], requestLimitMs)
}

/** What was spent before is in the future now, and must stay spent; what was given must stay good. */
async function moveBack(stage: Stage, report: Report): Promise<void> {
  const before = await act(stage)
  await stage.clock.pass(-hour)
  report.promises(await examine(stage, before))
  await actAsUsual(stage, report)
  const world = stage.world({ isOver: () => false, go: async () => undefined })
  const { access_token: token } = await signIn(world, await join(world))
  const { iat = 0, exp = 0 } = decodeJwt(token)
  const late = Math.abs(iat * 1000 - world.now()) > minute || exp - iat > 600
  const found = `issued ${Math.round(iat - world.now() / 1000)} s from now, good for ${exp - iat} s`
  report.aim('a new token ends ten minutes from now', found, late ? ['it does not'] : [])
}

/** What has a short life is over after an hour, and what has a long one after its days. */
async function moveForward(stage: Stage, report: Report): Promise<void> {
  const world = stage.world({ isOver: () => false, go: async () => undefined })
  const { visitor } = world
  const person = await join(world)
  const tokens = await signIn(world, person)
  const { key } = await visitor.expect('201 POST /users/api-keys', {
    token: tokens.access_token,
    body: { name: 'ci', scopes: ['account:read'] },
  })
  const visit = createVisit(world, person)
  const left = await visit.enter()
  await visitor.expect('202 POST /auth/forgot-password', { body: { email: person.email } })
  const link = await linkFor(world, person, '/reset-password')
  const resets = async () => {
    const body = { token: link, password: person.password }
    return (await visitor.ask('POST', '/auth/reset-password', { body })).status === 200
  }
  const works = (what: string, does: boolean, should: boolean): void =>
    report.aim(
      `${what} ${should ? 'goes on' : 'is over'}`,
      does ? 'it works' : 'it does not work',
      does === should ? [] : ['wrong'],
    )

  await stage.clock.pass(hour)
  works('an access token of ten minutes', await opens(world, tokens.access_token), false)
  works('a code of a minute', await visit.redeems(left), false)
  works('a link of half an hour', await resets(), false)
  const silent = await visit.enter({ prompt: 'none' })
  works('a session of two weeks', silent.searchParams.has('code'), true)
  const next = await refresh(world, tokens.refresh_token)
  works('a refresh token of a week', next !== undefined, true)
  works('an API key without an end', await opens(world, key), true)

  await stage.clock.pass(8 * day)
  const last = await refresh(world, next?.refresh_token ?? '')
  works('a refresh token of a week, after eight days,', last !== undefined, false)
}

async function judgeLife({ ended, output }: Server, report: Report): Promise<void> {
  const code = await Promise.race([ended, Promise.resolve('lives')])
  report.aim('the process lives', String(code), code === 'lives' ? [] : [output().slice(-500)])
}
