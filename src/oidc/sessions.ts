import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import type { Client, ClientStore } from '#storage/clients.ts'
import type { EndOfSignIns, KeptSignIns, SignInStore } from '#storage/sign-ins.ts'
import { createPayloadCodec, type Device } from './payload-codec.ts'
import type { GivenScopes } from './scope-words.ts'

/**
 * Where a person is signed in, and which applications they have let in, as they see and end them. A browser's sign-in is
 * the engine's Session; an application's own is a Grant with a Device beside it.
 */
export interface Sessions {
  /** Latest first. */
  list(accountId: string): Promise<SignedIn[]>
  /** Ends one of the person's sign-ins, with the tokens that hang on it; resolves to whether there was one. */
  end(accountId: string, id: string): Promise<boolean>
  /**
   * Ends every sign-in but this one: a browser's by the key of its session, an application's by its grant. What people
   * let other applications do stays. Resolves to whether that happened: not when `formerHash` is no longer the account's.
   */
  endOthers(accountId: string, current: CurrentSignIn, options?: EndOptions): Promise<boolean>
  /** Ends all, with every token: sign-ins, consents, links by mail. */
  endAll(accountId: string, options?: EndOptions): Promise<void>
  listGrants(accountId: string): Promise<ConnectedApp[]>
  /** Takes everything back from an application; resolves to whether it had anything. */
  removeGrants(accountId: string, clientId: string): Promise<boolean>
}

/** What changes with the end of the sign-ins. */
export type EndOptions = Pick<EndOfSignIns, 'apiKeys' | 'passwordHash' | 'formerHash'>

/** Where a request comes from. */
export interface CurrentSignIn {
  sessionKey?: string | undefined
  grantId?: string | undefined
}

export const isCurrent = (one: SignedIn, { sessionKey, grantId }: CurrentSignIn): boolean =>
  one.id === sessionKey || (grantId !== undefined && one.grantId === grantId)

export interface SignedIn {
  id: string
  kind: 'browser' | 'app'
  clientId?: string | undefined
  /** Of the application, when it has one. */
  clientName?: string | undefined
  grantId?: string | undefined
  /** Of a browser's session. */
  uid?: string | undefined
  address?: string | undefined
  agent?: string | undefined
  lastSeenAt?: number | undefined
  expiresAt?: number | undefined
}

export interface ConnectedApp {
  clientId: string
  name: string
  /** Whether it is the operator's own, which people are not asked about. */
  isFirstParty: boolean
  given: GivenScopes
  /** When the first of it was given, in milliseconds. */
  since?: number | undefined
  expiresAt?: number | undefined
}

export interface SessionsParts {
  artifacts: ArtifactStore
  signIns: SignInStore
  clients: ClientStore
  sealer: Sealer
}

interface GrantPayload {
  iat?: number
  openid?: { scope?: string }
  resources?: Record<string, string>
}

export function createSessions(parts: SessionsParts): Sessions {
  const { artifacts, signIns, clients, sealer } = parts
  const codec = createPayloadCodec('Session', sealer)

  const browser = (stored: StoredArtifact): SignedIn => {
    const { device } = (codec.read(stored, undefined) ?? {}) as { device?: Device }
    const { key: id, uid, expiresAt } = stored
    return { id, kind: 'browser', uid, expiresAt, ...seen(device) }
  }
  const app = (stored: StoredArtifact): SignedIn => {
    const text = sealer.open(stored.payload, stored.key)
    const device = text === undefined ? undefined : (JSON.parse(text) as Device)
    const { key: id, clientId, grantId, expiresAt } = stored
    return { id, kind: 'app', clientId, grantId, expiresAt, ...seen(device) }
  }
  const apps = async (accountId: string): Promise<SignedIn[]> =>
    (await artifacts.listByAccount('Device', accountId)).map(app)
  const list = async (accountId: string): Promise<SignedIn[]> => {
    const [sessions, own] = await Promise.all([
      artifacts.listByAccount('Session', accountId),
      apps(accountId),
    ])
    return [...sessions.map(browser), ...own].toSorted(
      (a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
    )
  }
  const end = async ({ kind, uid, grantId }: SignedIn): Promise<void> =>
    kind === 'browser' ? artifacts.endSession(uid!) : artifacts.removeByGrant(grantId!)
  const named = async (one: SignedIn): Promise<SignedIn> => ({
    ...one,
    clientName: one.clientId && nameOf(await clients.find(one.clientId)),
  })

  return {
    list: async (accountId) => Promise.all((await list(accountId)).map(named)),
    async end(accountId, id) {
      const one = (await list(accountId)).find((signedIn) => signedIn.id === id)
      if (one) await end(one)
      return one !== undefined
    },
    async endOthers(accountId, current, options) {
      const keep = await keptOf(parts, accountId, current)
      return (await signIns.end(accountId, { ...options, keep })) !== undefined
    },
    async endAll(accountId, options) {
      await signIns.end(accountId, options)
    },
    async listGrants(accountId) {
      const byClient = Map.groupBy(
        await artifacts.listByAccount('Grant', accountId),
        ({ clientId }) => clientId ?? '',
      )
      return Promise.all(
        [...byClient].map(async ([clientId, grants]) =>
          connectedApp(clientId, grants, await clients.find(clientId)),
        ),
      )
    },
    async removeGrants(accountId, clientId) {
      const grants = (await artifacts.listByAccount('Grant', accountId)).filter(
        (grant) => grant.clientId === clientId,
      )
      for (const { grantId } of grants)
        if (grantId !== undefined) await artifacts.removeByGrant(grantId)
      return grants.length > 0
    },
  }
}

/** The sign-in that stays with its grants, and the grants of other people's applications. */
async function keptOf(
  { artifacts, clients, sealer }: SessionsParts,
  accountId: string,
  { sessionKey, grantId }: CurrentSignIn,
): Promise<KeptSignIns> {
  const codec = createPayloadCodec('Session', sealer)
  const session = sessionKey === undefined ? undefined : await artifacts.find('Session', sessionKey)
  const { authorizations = {} } = (session && codec.read(session, undefined)) ?? {}
  const own = new Set([grantId, ...Object.values(authorizations).map((one) => one.grantId)])
  const grants = await Promise.all(
    (await artifacts.listByAccount('Grant', accountId)).map(async (grant) => ({
      id: grant.grantId!,
      isOurs: isOurs(await clients.find(grant.clientId ?? '')),
    })),
  )
  const kept = grants.filter(({ id, isOurs }) => !isOurs || own.has(id))
  return { sessionUid: session?.uid, grantIds: kept.map(({ id }) => id) }
}

const isOurs = (client: Client | undefined): boolean => client?.metadata['first_party'] === true

const nameOf = (client: Client | undefined): string | undefined => {
  const name = client?.metadata['client_name']
  return typeof name === 'string' ? name : undefined
}

const seen = (device: Device | undefined) => ({
  address: device?.address,
  agent: device?.agent,
  lastSeenAt: device?.seenAt,
})

function connectedApp(
  clientId: string,
  grants: StoredArtifact[],
  client: Client | undefined,
): ConnectedApp {
  const payloads = grants.map(({ payload }) => JSON.parse(payload) as GrantPayload)
  const times = payloads.flatMap(({ iat }) => iat ?? [])
  return {
    clientId,
    name: nameOf(client) ?? clientId,
    isFirstParty: isOurs(client),
    given: givenBy(payloads),
    since: times.length > 0 ? Math.min(...times) * 1000 : undefined,
    expiresAt: grants[0]?.expiresAt,
  }
}

function givenBy(payloads: GrantPayload[]): GivenScopes {
  const words = (scopes: (string | undefined)[]): string[] =>
    [...new Set(scopes.flatMap((scope) => scope?.split(' ') ?? []))].sort()
  const identifiers = new Set(payloads.flatMap(({ resources = {} }) => Object.keys(resources)))
  return {
    openid: words(payloads.map(({ openid }) => openid?.scope)),
    resources: Object.fromEntries(
      [...identifiers].map((one) => [
        one,
        words(payloads.map(({ resources }) => resources?.[one])),
      ]),
    ),
  }
}
