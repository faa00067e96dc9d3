import type { Sealer } from '#lib/sealing.ts'
import type { ArtifactStore, StoredArtifact } from '#storage/artifacts.ts'
import type { Client, ClientStore } from '#storage/clients.ts'
import { createPayloadCodec, type Device } from './adapter.ts'

/**
 * Where a person is signed in, and which applications they have let in, as they see and end them. A browser's sign-in is
 * the engine's Session; an application's own is a Grant with a Device beside it.
 */
export interface Sessions {
  /** Latest first. */
  list(accountId: string): Promise<SignedIn[]>
  /** Ends one of the person's sign-ins, with the tokens that hang on it; resolves to whether there was one. */
  end(accountId: string, id: string): Promise<boolean>
  /** Ends all, with every token: sign-ins, consents, links by mail. */
  endAll(accountId: string): Promise<void>
  listGrants(accountId: string): Promise<ConnectedApp[]>
  /** Takes everything back from an application; resolves to whether it had anything. */
  removeGrants(accountId: string, clientId: string): Promise<boolean>
}

export interface SignedIn {
  id: string
  kind: 'browser' | 'app'
  clientId?: string | undefined
  grantId?: string | undefined
  address?: string | undefined
  agent?: string | undefined
  lastSeenAt?: number | undefined
  expiresAt?: number | undefined
}

export interface ConnectedApp {
  clientId: string
  name: string
  scopes: string[]
  expiresAt?: number | undefined
}

export interface SessionsParts {
  artifacts: ArtifactStore
  clients: ClientStore
  sealer: Sealer
}

interface GrantPayload {
  openid?: { scope?: string }
  resources?: Record<string, string>
}

export function createSessions({ artifacts, clients, sealer }: SessionsParts): Sessions {
  const codec = createPayloadCodec('Session', sealer)

  const browser = (stored: StoredArtifact): SignedIn => {
    const { device } = (codec.read(stored, undefined) ?? {}) as { device?: Device }
    return { id: stored.key, kind: 'browser', expiresAt: stored.expiresAt, ...seen(device) }
  }
  const app = (stored: StoredArtifact): SignedIn => {
    const text = sealer.open(stored.payload, stored.key)
    const device = text === undefined ? undefined : (JSON.parse(text) as Device)
    const { key: id, clientId, grantId, expiresAt } = stored
    return { id, kind: 'app', clientId, grantId, expiresAt, ...seen(device) }
  }
  const list = async (accountId: string): Promise<SignedIn[]> => {
    const [sessions, devices] = await Promise.all([
      artifacts.listByAccount('Session', accountId),
      artifacts.listByAccount('Device', accountId),
    ])
    return [...sessions.map(browser), ...devices.map(app)].toSorted(
      (a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
    )
  }

  return {
    list,
    async end(accountId, id) {
      const one = (await list(accountId)).find((signedIn) => signedIn.id === id)
      if (!one) return false
      if (one.kind === 'browser') await artifacts.remove('Session', id)
      else await artifacts.removeByGrant(one.grantId!)
      return true
    },
    endAll: (accountId) => artifacts.removeByAccount(accountId),
    async listGrants(accountId) {
      const byClient = Map.groupBy(
        await artifacts.listByAccount('Grant', accountId),
        ({ clientId }) => clientId ?? '',
      )
      return Promise.all(
        [...byClient].map(async ([clientId, grants]) => ({
          clientId,
          name: nameOf(await clients.find(clientId)) ?? clientId,
          scopes: [...new Set(grants.flatMap(scopesOf))].sort(),
          expiresAt: grants[0]?.expiresAt,
        })),
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

const nameOf = (client: Client | undefined): string | undefined => {
  const name = client?.metadata['client_name']
  return typeof name === 'string' ? name : undefined
}

const seen = (device: Device | undefined) => ({
  address: device?.address,
  agent: device?.agent,
  lastSeenAt: device?.seenAt,
})

function scopesOf({ payload }: StoredArtifact): string[] {
  const { openid, resources = {} } = JSON.parse(payload) as GrantPayload
  return [openid?.scope, ...Object.values(resources)].flatMap((scope) => scope?.split(' ') ?? [])
}
