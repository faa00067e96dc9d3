import type { Provider } from 'oidc-provider'
import { claimsByScope, supportedScopes } from '#oidc/claims.ts'
import { describeScopes } from '#oidc/scope-words.ts'
import type { Permissions } from '#view/page-parts.ts'
import type { ResourceStore } from '#storage/resources.ts'
import type { Locale } from '#view/translate.ts'
import type { Interaction } from './interaction.ts'

/**
 * Consent: the application asks for scopes, the person reads in words what each gives, and allows all or none.
 * What was allowed stays on the Grant, so that the next sign-in asks only for what is new.
 */
interface Missing {
  missingOIDCScope?: string[]
  missingOIDCClaims?: string[]
  missingResourceScopes?: Record<string, string[]>
}

const missingOf = (interaction: Interaction): Missing => interaction.prompt.details

/** Adds what is missing to the grant that the session has with the client, or to a new one. */
export async function allow(
  provider: Provider,
  interaction: Interaction,
): Promise<{ consent: { grantId: string } }> {
  const accountId = interaction.session!.accountId
  const clientId = String(interaction.params['client_id'])
  const existing = interaction.grantId ? await provider.Grant.find(interaction.grantId) : undefined
  const grant = existing ?? new provider.Grant({ accountId, clientId })

  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = missingOf(interaction)
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '))
  }
  return { consent: { grantId: await grant.save() } }
}

/** What the application would get, in the reader's language, by resource; sensitive things first. */
export async function describeConsent(
  interaction: Interaction,
  locale: Locale,
  resources: Pick<ResourceStore, 'find'>,
): Promise<Permissions> {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = missingOf(interaction)
  const nothingIsMissing = !missingOIDCScope && !missingOIDCClaims && !missingResourceScopes
  const scopes = missingOIDCScope ?? (nothingIsMissing ? requestedScopes(interaction) : [])
  const openid = [...new Set([...scopes, ...scopesWith(missingOIDCClaims ?? [])])]
  return describeScopes({ openid, resources: missingResourceScopes ?? {} }, locale, resources)
}

/** A claim that is asked for by itself (OIDC Core §5.5) is told as the scope that it belongs to. */
const scopesWith = (claims: string[]): string[] =>
  Object.entries(claimsByScope)
    .filter(([, names]) => names.some((name) => claims.includes(name)))
    .map(([scope]) => scope)

/** `prompt=consent` asks again although nothing is missing; the page then shows all that was requested. */
const requestedScopes = (interaction: Interaction): string[] =>
  scopesOf(interaction).filter((scope) => known.has(scope))

const known = new Set(supportedScopes)

/** Whether the person has allowed this application nothing yet. */
export const isFirstAsk = (interaction: Interaction): boolean =>
  interaction.grantId === undefined ||
  missingOf(interaction).missingOIDCScope?.includes('openid') === true

export const asksOffline = (interaction: Interaction): boolean =>
  scopesOf(interaction).includes('offline_access')

const scopesOf = ({ params: { scope } }: Interaction): string[] =>
  typeof scope === 'string' ? scope.split(' ') : []
