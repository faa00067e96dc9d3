import type { CallOptions } from '../../support/api.ts'
import { createVisit } from './application.ts'
import { join, opens, signIn, type Tokens, type World } from './world.ts'

/** A few refreshes make a chain. Many short chains, because the replay that ends one leaves the others to be tried. */
const refreshes = 6

/** How one kind of client refreshes, and what its access token is for. */
interface Client {
  kind: string
  path: string
  options(refreshToken: string): CallOptions
  isGood(accessToken: string): Promise<boolean>
}

/** Signs in and refreshes, as an application of our own does. */
export async function refreshing(world: World): Promise<void> {
  const client: Client = {
    kind: 'refresh',
    path: '/auth/refresh',
    options: (token) => ({ body: { refresh_token: token } }),
    isGood: (token) => opens(world, token),
  }
  const chain = createChain(world, client)
  await chain.goOn(await signIn(world, await join(world), chain.kept))
}

/** The same as a confidential client, whose access token is opaque and kept somewhere else than the refresh token. */
export async function refreshingApplication(world: World): Promise<void> {
  const { ledger, visitor } = world
  const visit = createVisit(world, await join(world))
  const client: Client = {
    kind: 'refresh of an application',
    path: '/oauth/token',
    options: (token) => visit.form({ grant_type: 'refresh_token', refresh_token: token }),
    isGood: async (token) =>
      (await visitor.ask('GET', '/oauth/userinfo', { token })).status === 200,
  }
  const chain = createChain(world, client)
  const left = await visit.enter({ scope: 'openid offline_access', prompt: 'consent' })
  const redeem = () => visitor.expect('200 POST /oauth/token', visit.codeForm(left))
  await chain.goOn(await ledger.attempt('code for tokens', redeem, { kept: chain.kept }))
}

/**
 * A client that was cut off in a refresh comes back with the token that it has: that must not sign it out, and must not
 * begin a second chain.
 */
function createChain(world: World, { kind, path, options, isGood }: Client) {
  const { ledger, visitor } = world
  let last: Tokens | undefined

  const refresh = async (token: string): Promise<Tokens | undefined> => {
    const answer = await visitor.ask('POST', path, options(token))
    return answer.status === 200 ? answer.body : undefined
  }
  const complaint = async (given: Tokens): Promise<string | undefined> => {
    if (!(await isGood(given.access_token))) return 'the access token is refused'
    return (await refresh(given.refresh_token)) ? undefined : 'the refresh token is refused'
  }
  // An older pair of the chain is looked at as a spent one, and the last one of a chain that was cut by the retry.
  const kept = (given: Tokens) => async () => (last === given ? complaint(given) : undefined)
  const comeBack = (token: string) => async () => {
    last = undefined
    const first = await refresh(token)
    if (!first) return 'signed out: the retry is refused'
    const again = await refresh(token)
    if (again?.refresh_token !== first.refresh_token) return 'two retries, two answers'
    return complaint(first)
  }

  return {
    kept,
    async goOn(given: Tokens): Promise<void> {
      let pair = given
      last = pair
      for (let count = 0; count < refreshes && !world.isOver(); count += 1) {
        const token: string = pair.refresh_token
        const send = () => visitor.expect(`200 POST ${path}`, options(token))
        pair = await ledger.attempt(kind, send, { kept, cut: comeBack(token) })
        last = pair
        const replay = async () => ((await refresh(token)) ? 'a spent token works' : undefined)
        ledger.spent(kind, replay, 'after grace')
      }
    },
  }
}
