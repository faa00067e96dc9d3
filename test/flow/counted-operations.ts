import * as oidc from 'openid-client'
import type { Config } from '#config/load.ts'
import { authorize, createBrowser, signIn, type RelyingParty } from '../support/relying-party.ts'
import type { Person } from '../support/start.ts'
import { offline } from './journeys.ts'

/** A server, and what an operation needs of it. */
export interface World {
  config: Config
  person: Person
  /** Registers a client, whose tokens are JWTs for our API when it has that as its default resource. */
  party(metadata?: Record<string, unknown>): Promise<RelyingParty>
}

type Act = () => Promise<unknown>

/** What costs.test.ts counts. Each prepares what it needs, and resolves to the act itself. */
export const operations: Record<string, (world: World) => Promise<Act>> = {
  discovery: async ({ config }) => get(`${config.ISSUER}/.well-known/openid-configuration`),
  'key set': async ({ config }) => get(`${config.ISSUER}/oauth/jwks`),
  'client credentials, opaque': (world) => clientCredentials(world, opaque),
  'client credentials, JWT': (world) => clientCredentials(world, jwt(world)),
  'first sign-in: authorize, login, consent, code': firstSignIn,
  'silent authorize: session and grant are there': silentAuthorize,
  'code for tokens, opaque': (world) => redemption(world, opaque),
  'code for tokens, JWT': (world) => redemption(world, jwt(world)),
  'refresh, opaque': (world) => refresh(world, opaque),
  'refresh, JWT': (world) => refresh(world, jwt(world)),
  userinfo: userinfo,
  'introspection, opaque': (world) => introspection(world, opaque),
  'introspection, JWT': (world) => introspection(world, jwt(world)),
}

/** A client and the parameters that go with it. */
interface Kind {
  client: Record<string, unknown>
  scope: string
}

const opaque: Kind = { client: {}, scope: offline.scope }
const jwt = ({ config }: World): Kind => ({
  client: { default_resource: config.API_RESOURCE },
  scope: `${offline.scope} account:read`,
})

async function get(url: string): Promise<Act> {
  return async () => {
    const response = await fetch(url)
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`)
    await response.body?.cancel()
  }
}

async function clientCredentials(world: World, { client }: Kind): Promise<Act> {
  const { config } = await world.party(client)
  return () => oidc.clientCredentialsGrant(config)
}

async function firstSignIn(world: World): Promise<Act> {
  const { url } = await (await world.party()).begin()
  const browser = createBrowser(world.config.ISSUER)
  return async () => {
    const consent = await signIn(await browser.open(url.href), world.person)
    const { left } = await consent.submit('/consent')
    if (!left?.searchParams.has('code')) throw new Error('no code')
  }
}

async function silentAuthorize(world: World): Promise<Act> {
  const party = await world.party()
  const browser = createBrowser(world.config.ISSUER)
  await authorize(browser, (await party.begin()).url, world.person)
  const { url } = await party.begin({ prompt: 'none' })
  return async () => {
    const { left } = await browser.open(url.href)
    if (!left?.searchParams.has('code')) throw new Error('no code')
  }
}

async function codeOf(world: World, { client, scope }: Kind) {
  const party = await world.party(client)
  const pending = await party.begin({ ...offline, scope })
  const left = await authorize(createBrowser(world.config.ISSUER), pending.url, world.person)
  return { config: party.config, redeem: () => pending.redeem(left) }
}

async function redemption(world: World, kind: Kind): Promise<Act> {
  const { redeem } = await codeOf(world, kind)
  return async () => {
    if (!(await redeem()).refresh_token) throw new Error('no refresh token')
  }
}

async function refresh(world: World, kind: Kind): Promise<Act> {
  const { config, redeem } = await codeOf(world, kind)
  const { refresh_token: token } = await redeem()
  return () => oidc.refreshTokenGrant(config, token!)
}

async function userinfo(world: World): Promise<Act> {
  const { config, redeem } = await codeOf(world, opaque)
  const { access_token: token } = await redeem()
  return () => oidc.fetchUserInfo(config, token, world.person.id)
}

async function introspection(world: World, kind: Kind): Promise<Act> {
  const { config, redeem } = await codeOf(world, kind)
  const { access_token: token } = await redeem()
  return async () => {
    const hint = { token_type_hint: 'access_token' }
    const { active } = await oidc.tokenIntrospection(config, token, hint)
    if (!active) throw new Error('the token is not active')
  }
}
