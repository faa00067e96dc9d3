import { appWith } from '../../support/authenticator.ts'
import { join, signIn, type Person, type World } from './world.ts'

/** Sets up an authenticator app, and signs in with a recovery code. */
export async function enrolling(world: World): Promise<void> {
  const { ledger, visitor } = world
  const person = await join(world)
  const { access_token: token } = await signIn(world, person)
  const { secret, setup_token } = await visitor.expect('200 POST /users/me/factors/totp', {
    token,
    body: {},
  })
  const app = appWith(secret, world.now)
  const code = app.next()
  const finish = (mfaToken: string, answer: object) =>
    visitor.ask('POST', '/auth/mfa', { body: { mfa_token: mfaToken, ...answer } })

  await world.go()
  person.isChanging = true
  const enrolled = await ledger.attempt(
    'second factor',
    () =>
      visitor.expect('201 POST /users/me/factors/totp/confirm', {
        token,
        body: { setup_token, code },
      }),
    {
      kept:
        ({ recovery_codes: codes }) =>
        async () => {
          const mfaToken = await firstStep(world, person)
          if (mfaToken === undefined) return 'the password alone signs in'
          const { status } = await finish(mfaToken, { method: 'recovery', code: codes[1] })
          return status === 200 ? undefined : `a recovery code: ${status}`
        },
      cut: async () => {
        const mfaToken = await firstStep(world, person)
        if (mfaToken === undefined) return undefined
        const { status } = await finish(mfaToken, { method: 'totp', code: app.next() })
        return status === 200 ? undefined : `the app is asked for and refused: ${status}`
      },
    },
  )
  ledger.spent('second factor', async () => {
    const answer = { method: 'totp', code }
    const { status } = await finish((await firstStep(world, person)) ?? '', answer)
    return status === 200 ? 'a spent code of the app works' : undefined
  })

  const answer = { method: 'recovery', code: enrolled.recovery_codes[0] }
  const mfaToken = await firstStep(world, person)
  const { user } = await ledger.attempt(
    'sign-in with a recovery code',
    () => visitor.expect('200 POST /auth/mfa', { body: { mfa_token: mfaToken, ...answer } }),
    {},
  )
  ledger.signedIn(user.id)
  ledger.spent('sign-in with a recovery code', async () => {
    const { status } = await finish((await firstStep(world, person)) ?? '', answer)
    return status === 200 ? 'a spent recovery code works' : undefined
  })
}

/** The password; resolves to what the second step needs, or to undefined when there is none. */
async function firstStep(
  { visitor }: World,
  { email, password }: Person,
): Promise<string | undefined> {
  const answer = await visitor.ask('POST', '/auth/login', { body: { email, password } })
  return answer.status === 403 ? answer.body.mfa_token : undefined
}
