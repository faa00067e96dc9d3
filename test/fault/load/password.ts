import { newSecret } from '#lib/ids.ts'
import {
  join,
  linkFor,
  opens,
  passwordWorks,
  refresh,
  signIn,
  type Person,
  type Tokens,
  type World,
} from './world.ts'

/**
 * Sets a new password by the link of a mail. All or nothing: the new password works if and only if the old one does not,
 * the sign-ins of before are over and the link is spent.
 */
export async function resetting(world: World): Promise<void> {
  const { ledger, visitor } = world
  const person = await join(world)
  const before = await signIn(world, person)
  await visitor.expect('202 POST /auth/forgot-password', { body: { email: person.email } })
  const token = await linkFor(world, person, '/reset-password')
  const renewed = { ...person, password: newSecret(12) }
  const body = { token, password: renewed.password }

  const look = async () => {
    const state = await stateOf(world, { person, renewed, ended: before })
    const { status } = await visitor.ask('POST', '/auth/reset-password', { body })
    return { ...state, link: status === 200 }
  }
  await world.go()
  person.isChanging = true
  await ledger.attempt(
    'password reset',
    () => visitor.expect('200 POST /auth/reset-password', { body }),
    {
      kept: () => async () => complaint(await look(), ['done']),
      cut: async () => complaint(await look(), ['done', 'not done']),
    },
  )
  ledger.spent('password reset', async () => {
    const { status } = await visitor.ask('POST', '/auth/reset-password', { body })
    return status === 200 ? 'a spent link works' : undefined
  })
}

/** Changes the password while signed in twice: the other sign-in ends with the old password, or neither does. */
export async function changing(world: World): Promise<void> {
  const { ledger, visitor } = world
  const person = await join(world)
  const other = await signIn(world, person)
  const own = await signIn(world, person)
  const renewed = { ...person, password: newSecret(12) }
  const body = { current_password: person.password, new_password: renewed.password }
  const look = () => stateOf(world, { person, renewed, ended: other })
  await world.go()
  person.isChanging = true
  await ledger.attempt(
    'password change',
    () => visitor.expect('200 POST /users/me/password', { token: own.access_token, body }),
    {
      kept: () => async () =>
        complaint(await look(), ['done']) ??
        ((await opens(world, own.access_token)) ? undefined : 'the own sign-in is over'),
      cut: async () => complaint(await look(), ['done', 'not done']),
    },
  )
}

/** True as long as the change has not happened, but for the new password. */
type State = Record<string, boolean>

async function stateOf(
  world: World,
  { person, renewed, ended }: { person: Person; renewed: Person; ended: Tokens },
): Promise<State> {
  return {
    'new password': await passwordWorks(world, renewed),
    'old password': await passwordWorks(world, person),
    'old access token': await opens(world, ended.access_token),
    'old refresh token': (await refresh(world, ended.refresh_token)) !== undefined,
  }
}

function complaint(state: State, allowed: readonly ('done' | 'not done')[]): string | undefined {
  const { 'new password': isNew, ...rest } = state
  const old = Object.values(rest)
  const isDone = isNew === true && !old.includes(true)
  const isUndone = isNew === false && !old.includes(false)
  if (isDone && allowed.includes('done')) return undefined
  if (isUndone && allowed.includes('not done')) return undefined
  return Object.entries(state)
    .map(([name, works]) => `${name} ${works ? 'works' : 'does not'}`)
    .join(', ')
}
