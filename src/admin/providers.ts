import { z } from 'zod'
import {
  checkProvider,
  providerFields,
  providerId,
  type DeclaredProvider,
  type ProviderRecipe,
} from '#config/providers.ts'
import { route, text, type ApiCall, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import type { ProviderRecord } from '#storage/providers.ts'
import type { Storage } from '#storage/storage.ts'
import { providerSchema, providersSchema } from '#wire/providers.ts'
import { changes } from './audited.ts'
import { alreadyExists, exclusively, notFound } from './refusals.ts'
import { adminScopes, mustCover } from './scopes.ts'

/**
 * `/admin/providers`: with whom people may sign in. Those of the environment and of the operator's file are shown and stay
 * as they are. Anyone who chooses a provider chooses who vouches for everyone, administrators too: a change needs all
 * scopes of an administrator. The client secret goes in, and never comes out.
 */
export interface ProviderParts {
  storage: Pick<Storage, 'providers' | 'withLock'>
  providers: {
    declared(): readonly DeclaredProvider[]
    seal(id: string, secret: string): string
    refresh(): Promise<void>
  }
  /** Address of the issuer, for the callback that is to be registered at the provider. */
  issuer: string
  audit: AuditAsCaller
}

const secretField = text(8192).min(1)
const providerBody = z
  .strictObject({
    ...providerFields,
    client_secret: secretField
      .optional()
      .describe('If omitted, the stored secret stays, unless it would be sent to another address.'),
  })
  .superRefine(needsMore)
const newProvider = z
  .strictObject({ ...providerFields, id: providerId, client_secret: secretField })
  .superRefine(needsMore)

const params = z.object({ id: text(64) })
type Params = z.infer<typeof params>

function needsMore(given: ProviderRecipe, ctx: z.RefinementCtx): void {
  for (const { path, message } of checkProvider(given))
    ctx.addIssue({ code: 'custom', path: [path], message })
}

export function providerRoutes(parts: ProviderParts): ApiRoute[] {
  const common = { tag: 'admin providers', access: { scope: 'admin:providers' } } as const
  const one = { ...common, path: '/admin/providers/:id', params } as const
  const answer = { status: 200, description: 'The provider.', schema: providerSchema }
  return [
    route({
      ...common,
      method: 'get',
      path: '/admin/providers',
      summary: 'List sign-in providers.',
      answer: {
        status: 200,
        description: 'Declared providers first.',
        schema: providersSchema,
      },
      handle: async () => ({
        providers: [
          ...parts.providers.declared().map((provider) => presentDeclared(parts, provider)),
          ...(await parts.storage.providers.list()).map((record) => present(parts, record)),
        ],
      }),
    }),
    route({
      ...common,
      method: 'post',
      path: '/admin/providers',
      summary: 'Add a provider. It appears on the sign-in page within seconds.',
      body: newProvider,
      answer: { ...answer, status: 201 },
      problems: ['already_exists'],
      handle: (call) => createProvider(parts, call),
    }),
    route({
      ...one,
      method: 'get',
      summary: 'Get a provider.',
      answer,
      async handle({ params: { id } }) {
        const fixed = declaredOf(parts, id)
        return fixed ? presentDeclared(parts, fixed) : present(parts, await find(parts, id))
      },
    }),
    route({
      ...one,
      method: 'put',
      summary: 'Replace a provider.',
      body: providerBody,
      answer,
      problems: ['protected_provider'],
      handle: (call) => replaceProvider(parts, call),
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Delete a provider. Users with no other way to sign in can no longer sign in.',
      answer: { status: 204, description: 'No content.' },
      problems: ['protected_provider'],
      handle: (call) => deleteProvider(parts, call),
    }),
  ]
}

type Presented = z.infer<typeof providerSchema>

const present = (
  { issuer }: ProviderParts,
  { id, recipe }: Pick<ProviderRecord, 'id' | 'recipe'>,
  source: Presented['source'] = 'stored',
): Presented => ({
  ...(recipe as unknown as ProviderRecipe),
  id,
  source,
  callback_url: `${issuer}/oauth/${id}/callback`,
})

const presentDeclared = (
  parts: ProviderParts,
  { id, client_secret: _secret, ...recipe }: DeclaredProvider,
): Presented => present(parts, { id, recipe }, 'declared')

const declaredOf = ({ providers }: ProviderParts, id: string): DeclaredProvider | undefined =>
  providers.declared().find((provider) => provider.id === id)

async function find({ storage }: ProviderParts, id: string): Promise<ProviderRecord> {
  const record = await storage.providers.find(id)
  if (!record) throw notFound()
  return record
}

const createProvider = (
  parts: ProviderParts,
  call: ApiCall<z.infer<typeof newProvider>, undefined, undefined>,
) =>
  changing(parts, call, async () => {
    const { id, client_secret: secret, ...recipe } = call.body
    if (declaredOf(parts, id) || (await parts.storage.providers.find(id)))
      throw alreadyExists('body.id')
    await parts.storage.providers.put({
      id,
      recipe,
      sealedSecret: parts.providers.seal(id, secret),
    })
    const after = present(parts, { id, recipe })
    const details = changes(undefined, after)
    parts.audit({ type: 'provider.created', target: `provider:${id}`, details }, call)
    return after
  })

const replaceProvider = (
  parts: ProviderParts,
  call: ApiCall<z.infer<typeof providerBody>, undefined, Params>,
) =>
  changing(parts, call, async () => {
    const { id } = call.params
    mustNotBeDeclared(parts, id)
    const before = await find(parts, id)
    const { client_secret: secret, ...recipe } = call.body
    if (secret === undefined) mustGoWhereItWent(before.recipe, recipe)
    const sealedSecret =
      secret === undefined ? before.sealedSecret : parts.providers.seal(id, secret)
    await parts.storage.providers.put({ id, recipe, sealedSecret })
    const after = present(parts, { id, recipe })
    const details = {
      ...changes(present(parts, before), after),
      ...(secret !== undefined && { secret: 'changed' }),
    }
    parts.audit({ type: 'provider.updated', target: `provider:${id}`, details }, call)
    return after
  })

const deleteProvider = (
  parts: ProviderParts,
  call: ApiCall<undefined, undefined, Params>,
): Promise<void> =>
  changing(parts, call, async () => {
    const { id } = call.params
    mustNotBeDeclared(parts, id)
    const before = await find(parts, id)
    if (!(await parts.storage.providers.remove(id))) throw notFound()
    const details = changes(present(parts, before), undefined)
    parts.audit({ type: 'provider.deleted', target: `provider:${id}`, details }, call)
  })

async function changing<T>(
  { storage, providers }: ProviderParts,
  { caller }: Pick<ApiCall<unknown, unknown, unknown>, 'caller'>,
  work: () => Promise<T>,
): Promise<T> {
  mustCover(
    caller,
    adminScopes.map(({ name }) => name),
  )
  const result = await exclusively(storage, 'providers', work)
  await providers.refresh()
  return result
}

function mustNotBeDeclared(parts: ProviderParts, id: string): void {
  if (declaredOf(parts, id)) throw new AppError('protected_provider')
}

const addresses = ['kind', 'client_id', 'issuer', 'base_url', 'api_base_url', 'tenant'] as const

/** Otherwise a change of the address would hand the secret to anyone who is there. */
function mustGoWhereItWent(before: Record<string, unknown>, after: ProviderRecipe): void {
  if (addresses.every((name) => before[name] === after[name])) return
  throw new AppError('validation_failed', {
    problems: [{ path: 'body.client_secret', message: 'must be given with another address' }],
  })
}
