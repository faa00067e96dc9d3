import { z } from 'zod'
import type { Config } from './load.ts'

/** A provider with which people may sign in, however the operator has told us of it. */
export const providerKinds = [
  'google',
  'github',
  'apple',
  'microsoft',
  'wechat-web',
  'wechat-official',
  'wecom',
  'dingtalk',
  'feishu',
  'oidc',
] as const

export type ProviderKind = (typeof providerKinds)[number]

/** Words of our own routes beside `/oauth/:provider`. */
const reserved = new Set([
  'authorize',
  'token',
  'jwks',
  'userinfo',
  'par',
  'introspect',
  'revoke',
  'logout',
  'device',
  'register',
])

const short = z.string().min(1).max(255)
const origin = z.url({ protocol: /^https?$/ }).max(512)

/** Fields of a provider that are not secret, in the spelling of the file and of the API. */
export const providerFields = {
  kind: z.enum(providerKinds),
  client_id: short,
  name: z.string().trim().min(1).max(60).optional().describe('Shown on the button.'),
  issuer: origin
    .refine((url) => !/[?#]/.test(url), { error: 'must have no query or fragment' })
    .optional()
    .describe('For kind oidc; everything else is discovered.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/))
    .max(20)
    .optional(),
  trust_email: z
    .boolean()
    .optional()
    .describe('Whether an e-mail that it marks as verified links to the account that has it.'),
  base_url: origin.optional().describe('Instead of the vendor’s own URL.'),
  api_base_url: origin.optional(),
  team_id: short.optional().describe('For kind apple.'),
  key_id: short.optional().describe('For kind apple.'),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,128}$/)
    .optional()
    .describe('For kind microsoft.'),
  agent_id: short.optional().describe('For kind wecom.'),
}

export const providerId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'must be lower-case letters, digits and hyphens' })
  .refine((id) => !reserved.has(id), { error: 'is a word of the server’s own' })

/** What one kind needs and others do not. */
export function checkProvider(provider: ProviderRecipe): { path: string; message: string }[] {
  const missing = (needed[provider.kind] ?? []).filter((field) => provider[field] === undefined)
  return missing.map((path) => ({ path, message: `is needed for kind ${provider.kind}` }))
}

const needed: Partial<Record<ProviderKind, (keyof ProviderRecipe)[]>> = {
  oidc: ['issuer', 'name'],
  apple: ['team_id', 'key_id'],
  wecom: ['agent_id'],
}

const recipe = z.strictObject(providerFields)
export type ProviderRecipe = z.infer<typeof recipe>
export type DeclaredProvider = ProviderRecipe & { id: string; client_secret: string }

/** The providers that the environment names: `GOOGLE_CLIENT_ID` and so on. */
export function providersOfEnvironment(config: Config): DeclaredProvider[] {
  const wechat = { base_url: config.WECHAT_OPEN_BASE_URL, api_base_url: config.WECHAT_API_BASE_URL }
  const found: Found[] = [
    {
      id: 'google',
      kind: 'google',
      base_url: config.GOOGLE_BASE_URL,
      client_id: config.GOOGLE_CLIENT_ID,
      client_secret: config.GOOGLE_CLIENT_SECRET,
    },
    {
      id: 'github',
      kind: 'github',
      base_url: config.GITHUB_BASE_URL,
      api_base_url: config.GITHUB_API_BASE_URL,
      client_id: config.GITHUB_CLIENT_ID,
      client_secret: config.GITHUB_CLIENT_SECRET,
    },
    {
      id: 'apple',
      kind: 'apple',
      base_url: config.APPLE_BASE_URL,
      team_id: config.APPLE_TEAM_ID,
      key_id: config.APPLE_KEY_ID,
      client_id: config.APPLE_CLIENT_ID,
      client_secret: config.APPLE_PRIVATE_KEY,
    },
    {
      id: 'microsoft',
      kind: 'microsoft',
      base_url: config.MICROSOFT_BASE_URL,
      tenant: config.MICROSOFT_TENANT,
      client_id: config.MICROSOFT_CLIENT_ID,
      client_secret: config.MICROSOFT_CLIENT_SECRET,
    },
    {
      id: 'wechat',
      kind: 'wechat-web',
      ...wechat,
      client_id: config.WECHAT_WEB_APP_ID,
      client_secret: config.WECHAT_WEB_APP_SECRET,
    },
    {
      id: 'wechat-official',
      kind: 'wechat-official',
      ...wechat,
      client_id: config.WECHAT_OFFICIAL_APP_ID,
      client_secret: config.WECHAT_OFFICIAL_APP_SECRET,
    },
    {
      id: 'wecom',
      kind: 'wecom',
      agent_id: config.WECOM_AGENT_ID,
      base_url: config.WECOM_BASE_URL,
      api_base_url: config.WECOM_API_BASE_URL,
      client_id: config.WECOM_CORP_ID,
      client_secret: config.WECOM_SECRET,
    },
    {
      id: 'dingtalk',
      kind: 'dingtalk',
      base_url: config.DINGTALK_BASE_URL,
      api_base_url: config.DINGTALK_API_BASE_URL,
      client_id: config.DINGTALK_CLIENT_ID,
      client_secret: config.DINGTALK_CLIENT_SECRET,
    },
    {
      id: 'feishu',
      kind: 'feishu',
      base_url: config.FEISHU_BASE_URL,
      api_base_url: config.FEISHU_API_BASE_URL,
      client_id: config.FEISHU_APP_ID,
      client_secret: config.FEISHU_APP_SECRET,
    },
  ]
  return found.filter(isWhole)
}

type Found = Pick<DeclaredProvider, 'id' | 'kind'> & {
  [K in keyof DeclaredProvider]?: DeclaredProvider[K] | undefined
}

const isWhole = (one: Found): one is DeclaredProvider =>
  one.client_id !== undefined && one.client_secret !== undefined
