import type { Providers } from '#federation/registry.ts'
import { showProvider } from '#federation/shown.ts'
import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { unless } from '#lib/app-error.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { Box, FieldErrors, Form } from '#view/signed-in-pages.ts'
import { type Message, type MessageKey } from '#view/translate.ts'
import { attempt } from '#http/attempt.ts'
import { type WireIdentity, identitiesSchema } from '#wire/identities.ts'

/**
 * `/account/identities`: the accounts elsewhere with which a person signs in. They are taken away here, after a fresh
 * sign-in; linking leaves for the provider, so that `/account/identities/link` has routes of its own.
 */
export function identityPages(providers: IdentityProviders): PageRoute[] {
  const path = '/account/identities'
  const access = 'user'
  const show = (call: PageCall, errors?: FieldErrors) =>
    showIdentities(call, { known: knownTo(providers, call), errors })
  return [
    { path, access, method: 'get', handle: (call) => show(call) },
    {
      path: `${path}/unlink`,
      access,
      method: 'post',
      maxAge: freshSeconds,
      handle: (call) =>
        attempt(
          async () => {
            const address = at`/users/me/identities/${call.fields['id']}`
            await call.api.delete(address).catch(unless('not_found'))
            return { to: `${path}?done=identityUnlinked` }
          },
          (errors) => show(call, errors),
        ),
    },
  ]
}

export type IdentityProviders = Pick<Providers, 'list' | 'find'>

/** The providers of this server, in the words of the reader. */
interface Known {
  links: Form[]
  nameOf(identity: WireIdentity): string
  problem: Message | undefined
}

function knownTo(providers: IdentityProviders, { request, locale, query }: PageCall): Known {
  const nameOf = (provider: Parameters<typeof showProvider>[0]): string =>
    showProvider(provider, locale).name
  const { problem = '', provider: id = '' } = query
  const from = providers.find(id)
  return {
    links: providers.list(request.agent).map((one) => {
      const { name, icon } = showProvider(one, locale)
      return {
        action: '/account/identities/link',
        fields: [],
        hidden: { provider: one.id },
        icon,
        submit: { key: 'identities.link', values: { provider: name } },
      }
    }),
    // By the app that it came through; one whose app is gone is called what the vendor is called.
    nameOf({ app_id: appId, provider }) {
      const through = providers.list('').find(({ clientId }) => clientId === appId)
      return through ? nameOf(through) : provider
    },
    problem: problemOf(problem, from && nameOf(from)),
  }
}

const hopProblems = new Map<string, MessageKey>([
  ['cancelled', 'errors.provider_cancelled'],
  ['failed', 'errors.provider_failed'],
  ['unavailable', 'errors.provider_unavailable'],
])

/** What went wrong on the way to a provider and back: its redirect says so in the query. */
function problemOf(problem: string, provider: string | undefined): Message | undefined {
  if (problem === 'identity_taken') return 'errors.identity_taken'
  const key = hopProblems.get(problem)
  return key && provider !== undefined ? { key, values: { provider } } : undefined
}

async function showIdentities(
  { api }: PageCall,
  { known, errors }: { known: Known; errors: FieldErrors | undefined },
): Promise<PageAnswer> {
  const { identities } = await api.get('/users/me/identities', identitiesSchema)
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'identities',
      title: 'identities.heading',
      lead: 'identities.lead',
      boxes: [
        {
          heading: 'identities.list',
          none: 'identities.none',
          rows: identities.map((one) => rowOf(one, known.nameOf(one))),
        },
        {
          heading: 'identities.more',
          ...(known.links.length === 0 && { text: 'identities.nowhere' }),
          forms: known.links,
        },
      ],
      errors: errors ?? (known.problem ? { form: known.problem } : {}),
    },
  }
}

const rowOf = (one: WireIdentity, name: string): NonNullable<Box['rows']>[number] => ({
  cell: {
    text: name,
    sub: one.nickname ?? one.email ?? one.subject,
    notes: [
      { label: 'identities.linked', when: one.created_at },
      { label: 'identities.used', when: one.last_used_at },
    ],
  },
  form: {
    action: '/account/identities/unlink',
    fields: [],
    hidden: { id: one.id },
    submit: { key: 'identities.unlinkOne', values: { provider: name } },
  },
})
