import { adminScopes } from '#admin/scopes.ts'
import type { Config } from '#config/load.ts'
import { newId, newSecret } from '#lib/ids.ts'
import { pagesClientId } from '#oidc/browser-session.ts'
import { signedInPath } from '#http/signed-in.ts'
import type { Keys } from '#oidc/keys.ts'
import { firstPartyClientId } from '#oidc/first-party.ts'
import type { ResourceScope } from '#storage/resources.ts'
import type { Storage } from '#storage/storage.ts'
import { administratorRole, type User } from '#storage/users.ts'
import type { Passwords } from '#users/passwords.ts'
import type { Register } from '#users/register.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import { wechatGrantType, wechatScope } from '#wechat/mini-programs.ts'

/**
 * What a server needs before it serves: signing keys, the resource of its own API, the first administrator and, in
 * development, a demo client. Any number of processes may come here at once; one does the work, the others find it done.
 */
export interface FirstStartParts {
  config: Config
  storage: Storage
  keys: Keys
  register: Register
  passwords: Pick<Passwords, 'hash'>
  audit: Pick<Telemetry['audit'], 'record'>
}

export interface FirstStart {
  /** The administrator that was made now, with a generated password; undefined when there was one before. */
  administrator?: { email: string; password: string }
}

export const demoClientId = 'demo'

/** Seconds. Short, since a resource server that only checks signatures hears of a logout no sooner. */
const apiTokenTtl = 600

const lockWaitMs = 60_000

export async function prepareFirstStart(parts: FirstStartParts): Promise<FirstStart> {
  const done = await parts.storage.withLock('first-start', lockWaitMs, async () => {
    await parts.keys.ensure()
    await ensureApiResource(parts)
    await ensureAdministratorRole(parts)
    await ensureFirstPartyClient(parts)
    await ensurePagesClient(parts)
    if (parts.config.development) await ensureDemoClient(parts)
    return ensureAdministrator(parts)
  })
  if (!done)
    throw new Error('another process has been preparing the database for more than a minute')
  return done
}

/** The resource of our own API. What an operator has changed there stays; scopes that a new version brings are added. */
async function ensureApiResource({ config, storage }: FirstStartParts): Promise<void> {
  const existing = await storage.resources.find(config.API_RESOURCE)
  const known = new Set(existing?.scopes.map(({ name }) => name))
  const missing = apiScopes.filter(({ name }) => !known.has(name))
  if (missing.length === 0) return
  const fresh = {
    identifier: config.API_RESOURCE,
    name: apiName(config.BRAND_NAME),
    scopes: [],
    accessTokenTtl: apiTokenTtl,
  }
  const resource = existing ?? fresh
  await storage.resources.put({ ...resource, scopes: [...resource.scopes, ...missing] })
}

const apiName = (brand: string): Record<string, string> => ({
  en: `${brand} account`,
  'zh-CN': brand === 'Yumen' ? '玉门账号' : `${brand} 账号`,
})

const apiScopes: ResourceScope[] = [
  {
    name: 'account:read',
    description: { en: 'Read your profile and settings', 'zh-CN': '查看你的资料和设置' },
  },
  {
    name: 'account:write',
    description: { en: 'Change your profile and settings', 'zh-CN': '修改你的资料和设置' },
    sensitive: true,
  },
  ...adminScopes,
  wechatScope,
]

/** The role `admin`: everything on our own API. */
async function ensureAdministratorRole({ config, storage }: FirstStartParts): Promise<void> {
  const role = await storage.roles.find(administratorRole)
  const wanted = adminScopes.map(({ name }) => name)
  const has = new Set(role?.permissions[config.API_RESOURCE])
  if (wanted.every((name) => has.has(name))) return
  const permissions = { ...role?.permissions, [config.API_RESOURCE]: wanted }
  await storage.roles.put({
    name: administratorRole,
    description: role?.description ?? 'Administrators',
    permissions,
  })
}

/** The client of those who sign in at `/auth/login`: no browser, no redirect, tokens for our API. */
async function ensureFirstPartyClient({ config, storage }: FirstStartParts): Promise<void> {
  await storage.clients.put({
    id: firstPartyClientId,
    secretHashes: [],
    metadata: {
      client_name: config.BRAND_NAME,
      first_party: true,
      default_resource: config.API_RESOURCE,
      redirect_uris: [],
      grant_types: ['refresh_token', wechatGrantType],
      response_types: [],
      token_endpoint_auth_method: 'none',
    },
  })
}

/** No one redeems its codes (`http/signed-in.ts`); written again at each start since ISSUER may have moved. */
async function ensurePagesClient({ config, storage }: FirstStartParts): Promise<void> {
  await storage.clients.put({
    id: pagesClientId,
    secretHashes: [],
    metadata: {
      client_name: config.BRAND_NAME,
      first_party: true,
      redirect_uris: [config.ISSUER + signedInPath],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'openid',
      token_endpoint_auth_method: 'none',
    },
  })
}

/** A public client, like a stranger's single-page application; written again at each start since ISSUER may have moved. */
async function ensureDemoClient({ config, storage }: FirstStartParts): Promise<void> {
  await storage.clients.put({
    id: demoClientId,
    secretHashes: [],
    metadata: {
      client_name: 'Demo App',
      redirect_uris: [`${config.ISSUER}/demo/callback`],
      post_logout_redirect_uris: [`${config.ISSUER}/demo`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  })
}

async function ensureAdministrator({
  config,
  storage,
  register,
  passwords,
  audit,
}: FirstStartParts): Promise<FirstStart> {
  if (await storage.users.anyWithRole(administratorRole)) return {}
  const { ADMIN_EMAIL, ADMIN_PASSWORD, development } = config
  if (!development && (ADMIN_EMAIL === undefined || ADMIN_PASSWORD === undefined)) return {}

  const email = ADMIN_EMAIL ?? 'admin@example.com'
  const created = ({ id }: User): void =>
    audit.record({ type: 'user.registered', actor: 'system', target: `user:${id}` })
  // The operator named the address: no one could sign in to vouch for it where EMAIL_VERIFICATION is required.
  const person = { email, username: 'admin' }
  if (ADMIN_PASSWORD === undefined) {
    // Random, so no one need estimate its strength: that would cost this start 0.2 s and 20 MB.
    const password = newSecret(12)
    const passwordHash = await passwords.hash(password)
    const roles = [administratorRole]
    const given = { ...person, emailVerified: true, roles, passwordHash }
    created(await storage.users.create({ ...given, id: newId() }))
    return { administrator: { email, password } }
  }
  const made = await register({ ...person, password: ADMIN_PASSWORD }, [administratorRole])
  if ('problems' in made) {
    throw new Error(`the first administrator cannot be made: ${JSON.stringify(made.problems)}`)
  }
  await storage.users.update(made.user.id, { emailVerified: true })
  created(made.user)
  return {}
}
