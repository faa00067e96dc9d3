import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { parse as Parse } from 'yaml'
import { z } from 'zod'
import { metadataClaimsSchema } from '#lib/metadata-claims.ts'
import { InvalidConfig, type Config } from './load.ts'
import { trustedIssuerEntry, type TrustedIssuer } from './issuer-entry.ts'
import { checkProvider, providerFields, providerId, type DeclaredProvider } from './providers.ts'
import { wechatAppSchema } from './wechat-apps.ts'

/**
 * What the operator keeps in a file (`config/yumen.yaml`). Clients and resources are written to the database at each
 * start, so that the file is their truth; what is no longer in the file stays in the database. Providers for sign-in,
 * trusted issuers and mini programs are nowhere else.
 */
const localized = z.union([
  z.string().transform((text): Record<string, string> => ({ en: text })),
  z.record(z.string(), z.string()),
])

const resource = z.strictObject({
  identifier: z.url().refine((value) => !value.includes('#'), { error: 'must have no fragment' }),
  name: localized,
  access_token_ttl: z.int().min(10).max(86_400).optional(),
  metadata_claims: metadataClaimsSchema.optional(),
  scopes: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be a scope token (RFC 6749 §3.3)' }),
        description: localized,
        restricted: z.boolean().optional(),
        sensitive: z.boolean().optional(),
      }),
    )
    .optional(),
})

const client = z.looseObject({
  client_id: z.string().min(1).max(128),
  client_secret: z.string().min(32, { error: 'must have at least 32 characters' }).optional(),
  client_secret_file: z.string().optional(),
})

const provider = z
  .strictObject({
    ...providerFields,
    id: providerId,
    client_secret: z.string().min(1).optional(),
    client_secret_file: z.string().optional(),
  })
  .superRefine((given, ctx) => {
    for (const { path, message } of checkProvider(given))
      ctx.addIssue({ code: 'custom', path: [path], message })
    if ((given.client_secret === undefined) === (given.client_secret_file === undefined))
      ctx.addIssue({ code: 'custom', message: 'needs client_secret or client_secret_file' })
  })

const file = z.strictObject({
  resources: z.array(resource).default([]),
  clients: z.array(client).default([]),
  trusted_issuers: z.array(trustedIssuerEntry).default([]),
  wechat_apps: z.array(wechatAppSchema).default([]),
  providers: z
    .array(provider)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, {
      error: 'has an id twice',
    })
    .default([]),
})

export interface Declared {
  resources: z.infer<typeof resource>[]
  /** RFC 7591 metadata and ours, with the secret in the clear; it is stored as a hash. */
  clients: ({ client_id: string; client_secret?: string | undefined } & Record<string, unknown>)[]
  trustedIssuers: TrustedIssuer[]
  /** Mini programs, beside the one of the environment; `wechat-apps.ts` reads their secrets. */
  wechatApps: z.infer<typeof wechatAppSchema>[]
  providers: DeclaredProvider[]
}

const empty: Declared = {
  resources: [],
  clients: [],
  trustedIssuers: [],
  wechatApps: [],
  providers: [],
}

const defaultFile = 'config/yumen.yaml'

/** Reads the file; empty when there is none and none was named. Throws InvalidConfig with one sentence per problem. */
export function loadDeclared({ CONFIG_FILE }: Pick<Config, 'CONFIG_FILE'>): Declared {
  const path = CONFIG_FILE ?? defaultFile
  if (CONFIG_FILE === undefined && !existsSync(path)) return empty
  const parsed = file.safeParse(readYaml(path) ?? {})
  if (!parsed.success) {
    throw new InvalidConfig(
      parsed.error.issues.map((issue) => `${path}: ${issue.path.join('.')} ${issue.message}.`),
    )
  }
  const {
    resources,
    clients,
    trusted_issuers: trustedIssuers,
    wechat_apps: wechatApps,
    providers,
  } = parsed.data
  return {
    resources,
    clients: clients.map(
      (one) => withSecret(one, { of: one.client_id, path }) as Declared['clients'][number],
    ),
    trustedIssuers,
    wechatApps,
    providers: providers.map((one) => ({
      client_secret: '',
      ...withSecret(one, { of: one.id, path }),
    })),
  }
}

function readYaml(path: string): unknown {
  try {
    // A library that few servers need, with its 72 modules.
    const { parse } = createRequire(import.meta.url)('yaml') as { parse: typeof Parse }
    return parse(readFileSync(path, 'utf8'))
  } catch (error) {
    // The first line says what is wrong and where; the next ones would show the place, perhaps a secret.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new InvalidConfig([`${path} cannot be read: ${reason}`])
  }
}

function withSecret<T extends { client_secret_file?: string | undefined }>(
  { client_secret_file: secretFile, ...rest }: T,
  { of, path }: { of: string; path: string },
): Omit<T, 'client_secret_file'> & { client_secret?: string } {
  if (secretFile === undefined) return rest
  try {
    return { ...rest, client_secret: readFileSync(secretFile, 'utf8').trim() }
  } catch {
    throw new InvalidConfig([
      `${path}: client_secret_file of ${of} names a file that cannot be read ("${secretFile}").`,
    ])
  }
}
