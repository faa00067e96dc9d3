import type { AccessToken, Client, Provider, RefreshToken } from 'oidc-provider'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { Resource } from '#storage/resources.ts'
import { artifactKey, type Device } from './payload-codec.ts'
import { resourceServerOf } from './metadata-claims.ts'
import { noteAuthentication } from './sign-in-claims.ts'
import { currentUnit } from './unit-of-work.ts'

/**
 * Tokens for someone who has signed in without the authorize endpoint: with a password at `/auth/login`, or with
 * another provider's token. They hang on a new grant, and are the engine's own like all others.
 */
export interface NewTokens {
  client: Client
  accountId: string
  /** The account's sign-in epoch when they showed who they are. */
  epoch: number
  resource: Resource
  /** Of the resource; may be empty. */
  scope: string
  /** How the person has signed in. */
  gty: string
  /** How they showed who they are (RFC 8176), and what that is worth. */
  amr?: string[] | undefined
  acr?: string | undefined
  /** Where, for their list of devices. */
  address: string
  agent: string
}

export interface NewTokensParts {
  sealer: Sealer
  now: Clock
}

const ownScopes = 'openid profile email offline_access'

/** Within a unit of work. The grant is saved; of the tokens, which are not, the caller saves those that it hands out. */
export async function newTokens(
  provider: Provider,
  parts: NewTokensParts,
  signIn: NewTokens,
): Promise<{ access: AccessToken; refresh: RefreshToken }> {
  const { accountId, client, resource, scope, gty } = signIn
  currentUnit()!.noteSignIn(accountId, signIn.epoch)
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grant.addOIDCScope(ownScopes)
  if (scope) grant.addResourceScope(resource.identifier, scope)
  const grantId = await grant.save()
  const expiresAt = parts.now() + grant.remainingTTL * 1000
  rememberDevice(parts, signIn, { grantId, expiresAt })

  const common = { accountId, client, grantId, gty }
  const access = new provider.AccessToken({ ...common, scope })
  access.resourceServer = jwtFor(provider, resource)
  const { amr, acr } = signIn
  const authTime = Math.floor(parts.now() / 1000)
  noteAuthentication(access, { authTime, acr, amr })
  const refresh = new provider.RefreshToken({
    ...common,
    scope: [ownScopes, scope].filter(Boolean).join(' '),
    resource: resource.identifier,
    rotations: 0,
    authTime,
    ...(amr && { amr, acr }),
    iiat: authTime,
    expiresWithSession: false,
  })
  return { access, refresh }
}

/** Makes an access token a JWT for the resource. */
export const jwtFor = (
  provider: Provider,
  resource: Resource,
): InstanceType<Provider['ResourceServer']> =>
  new provider.ResourceServer(
    resource.identifier,
    resourceServerOf(
      resource,
      resource.scopes.map(({ name }) => name),
    ),
  )

/** The device of a sign-in, for its owner to see and to end; it goes with the grant. */
function rememberDevice(
  { sealer, now }: NewTokensParts,
  { accountId, client: { clientId }, address, agent }: NewTokens,
  grant: { grantId: string; expiresAt: number },
): void {
  const key = artifactKey(grant.grantId)
  const device = { address, agent, seenAt: now() } satisfies Device
  const payload = sealer.seal(JSON.stringify(device), key)
  currentUnit()!.save('Device', key, { ...grant, payload, accountId, clientId })
}
