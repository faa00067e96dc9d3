import type { Config } from '#config/load.ts'
import { newSecret } from '#lib/ids.ts'
import type { Keys } from '#oidc/keys.ts'
import type { Storage } from '#storage/storage.ts'
import type { Register } from '#users/register.ts'

/**
 * What a server needs before it serves: signing keys, the resource of its own API, the first administrator and, in
 * development, a demo client. Any number of processes may come here at once; one does the work, the others find it done.
 */
export interface FirstStartParts {
  config: Config
  storage: Storage
  keys: Keys
  register: Register
}

export interface FirstStart {
  /** The administrator that was made now, with a generated password; undefined when there was one before. */
  administrator?: { email: string; password: string }
}

export const adminRole = 'admin'
export const demoClientId = 'demo'

const lockWaitMs = 60_000

export async function prepareFirstStart(parts: FirstStartParts): Promise<FirstStart> {
  const done = await parts.storage.withLock('first-start', lockWaitMs, async () => {
    await parts.keys.ensure()
    await ensureApiResource(parts)
    if (parts.config.development) await ensureDemoClient(parts)
    return ensureAdministrator(parts)
  })
  if (!done)
    throw new Error('another process has been preparing the database for more than a minute')
  return done
}

async function ensureApiResource({ config, storage }: FirstStartParts): Promise<void> {
  if (await storage.resources.find(config.API_RESOURCE)) return
  await storage.resources.put({
    identifier: config.API_RESOURCE,
    name: {
      en: `${config.BRAND_NAME} account`,
      'zh-CN': config.BRAND_NAME === 'Yumen' ? '玉门账号' : `${config.BRAND_NAME} 账号`,
    },
    scopes: [
      {
        name: 'account:read',
        description: { en: 'Read your profile and settings', 'zh-CN': '查看你的资料和设置' },
      },
      {
        name: 'account:write',
        description: { en: 'Change your profile and settings', 'zh-CN': '修改你的资料和设置' },
        sensitive: true,
      },
    ],
  })
}

/** A public client, like a stranger's single-page application; written anew at each start since ISSUER may have moved. */
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
}: FirstStartParts): Promise<FirstStart> {
  if (await storage.users.anyWithRole(adminRole)) return {}
  const { ADMIN_EMAIL, ADMIN_PASSWORD, development } = config
  if (!development && (ADMIN_EMAIL === undefined || ADMIN_PASSWORD === undefined)) return {}

  const email = ADMIN_EMAIL ?? 'admin@example.com'
  const password = ADMIN_PASSWORD ?? newSecret(12)
  const made = await register({ email, password, username: 'admin' }, [adminRole])
  if ('problems' in made) {
    throw new Error(`the first administrator cannot be made: ${JSON.stringify(made.problems)}`)
  }
  return ADMIN_PASSWORD === undefined ? { administrator: { email, password } } : {}
}
