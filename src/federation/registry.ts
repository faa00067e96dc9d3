import type { DeclaredProvider, ProviderKind, ProviderRecipe } from '#config/providers.ts'
import type { Outbound } from '#http/outbound.ts'
import type { Clock } from '#lib/clock.ts'
import type { Sealer } from '#lib/sealing.ts'
import type { ProviderRecord, ProviderStore } from '#storage/providers.ts'
import { createApple } from './providers/apple.ts'
import { createDingtalk } from './providers/dingtalk.ts'
import { createFeishu } from './providers/feishu.ts'
import { createGithub } from './providers/github.ts'
import { createGoogle } from './providers/google.ts'
import { createMicrosoft } from './providers/microsoft.ts'
import { createOidc } from './providers/oidc.ts'
import type { Upstream, UpstreamParts } from './providers/upstream.ts'
import { createWechatOfficial, createWechatWeb } from './providers/wechat.ts'
import { createWecom } from './providers/wecom.ts'

/** A provider that is ready to be asked. */
export interface Provider {
  id: string
  kind: ProviderKind
  clientId: string
  /** The operator's own word for it; the vendor's is in the locale files. */
  name: string | undefined
  trustsEmail: boolean
  upstream: Upstream
}

/** All providers of this server: of the environment, of the file, and those that administrators have added. */
export interface Providers {
  /** Those that suit the browser: WeChat has one way inside its own browser and another outside. */
  list(agent: string): Provider[]
  /** By its id; WeChat's other way when that is the one that suits. */
  find(id: string, agent?: string): Provider | undefined
  /** Those that no administrator can change. */
  declared(): readonly DeclaredProvider[]
  seal(id: string, secret: string): string
  /** Reads the administrators' providers, now and every few seconds. */
  start(declared: readonly DeclaredProvider[]): Promise<void>
  refresh(): Promise<void>
  stop(): void
}

export interface ProvidersParts {
  store: ProviderStore
  sealer: Sealer
  outbound: Outbound
  now: Clock
  pollMs: number
  onError(error: unknown): void
}

const makers: Record<ProviderKind, (parts: UpstreamParts) => Upstream> = {
  google: createGoogle,
  github: createGithub,
  apple: createApple,
  microsoft: createMicrosoft,
  'wechat-web': createWechatWeb,
  'wechat-official': createWechatOfficial,
  wecom: createWecom,
  dingtalk: createDingtalk,
  feishu: createFeishu,
  oidc: (parts) => createOidc(parts, { hasUserinfo: true }),
}

/** Vendors that promise that a verified address is the person's; any other must be trusted by the operator. */
const trusted = new Set<ProviderKind>(['google', 'github', 'apple'])

export function createProviders(parts: ProvidersParts): Providers {
  const { store, sealer, pollMs, onError } = parts
  let declared: readonly DeclaredProvider[] = []
  let fixed: Provider[] = []
  let added = new Map<string, { record: ProviderRecord; provider: Provider | undefined }>()
  let timer: NodeJS.Timeout | undefined

  const readyOf = (record: ProviderRecord): Provider | undefined => {
    const secret = sealer.open(record.sealedSecret, providerContext(record.id))
    if (secret === undefined) {
      onError(new Error(`the secret of the provider ${record.id} cannot be opened`))
      return undefined
    }
    const recipe = record.recipe as unknown as ProviderRecipe
    return makeProvider(parts, { ...recipe, id: record.id, client_secret: secret })
  }
  const refresh = async (): Promise<void> => {
    const records = await store.list()
    added = new Map(
      records.map((record) => {
        const before = added.get(record.id)
        // What has not changed keeps what it has discovered.
        const isSame = before && JSON.stringify(before.record) === JSON.stringify(record)
        return [record.id, { record, provider: isSame ? before.provider : readyOf(record) }]
      }),
    )
  }
  const all = (): Provider[] => {
    const taken = new Set(fixed.map(({ id }) => id))
    const others = [...added.values()].flatMap(({ provider }) => provider ?? [])
    return [...fixed, ...others.filter(({ id }) => !taken.has(id))]
  }

  return {
    list: (agent) => all().filter(({ kind }) => kind !== otherWechat(agent)),
    find(id, agent) {
      const named = all().find((provider) => provider.id === id)
      if (agent === undefined || named?.kind !== otherWechat(agent)) return named
      return all().find(({ kind }) => isWechat(kind) && kind !== named.kind) ?? named
    },
    declared: () => declared,
    seal: (id, secret) => sealer.seal(secret, providerContext(id)),
    async start(given) {
      declared = given
      fixed = given.map((one) => makeProvider(parts, one))
      await refresh()
      timer = setInterval(() => void refresh().catch(onError), pollMs).unref()
    },
    refresh,
    stop: () => clearInterval(timer),
  }
}

/** What binds a sealed client secret to its provider. */
export const providerContext = (id: string): string => `provider:${id}`

const isWechat = (kind: ProviderKind): boolean =>
  kind === 'wechat-web' || kind === 'wechat-official'

/** The kind that does not work in this browser. */
const otherWechat = (agent: string): ProviderKind =>
  agent.includes('MicroMessenger') ? 'wechat-web' : 'wechat-official'

function makeProvider({ outbound, now }: ProvidersParts, given: DeclaredProvider): Provider {
  const { team_id, key_id, tenant, agent_id } = given
  const options = Object.fromEntries(
    Object.entries({ team_id, key_id, tenant, agent_id }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
  const upstream = makers[given.kind]({
    clientId: given.client_id,
    clientSecret: given.client_secret,
    scopes: given.scopes,
    baseUrl: given.base_url,
    apiBaseUrl: given.api_base_url,
    issuer: given.issuer,
    options,
    outbound,
    now,
  })
  return {
    id: given.id,
    kind: given.kind,
    clientId: given.client_id,
    name: given.name,
    trustsEmail: given.trust_email ?? trusted.has(given.kind),
    upstream,
  }
}
