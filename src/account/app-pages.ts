import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { unless } from '#lib/app-error.ts'
import type { Box } from '#view/signed-in-pages.ts'
import { connectedAppsSchema, type WireApp } from '#wire/apps.ts'

/** `/account/apps`: the applications that the person has let in, what each may do, and how to take it back. */
export function appPages(): PageRoute[] {
  const path = '/account/apps'
  const access = 'user'
  return [
    { path, access, method: 'get', handle: showApps },
    { path: `${path}/remove`, access, method: 'post', handle: removeApp },
  ]
}

async function showApps({ api }: PageCall): Promise<PageAnswer> {
  const { grants } = await api.get('/users/me/grants', connectedAppsSchema)
  // The operator's own are part of this service: no one was asked about them, and taking them back would only sign out.
  const apps = grants.filter((one) => !one.is_first_party)
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'apps',
      title: 'account.apps.heading',
      lead: 'account.apps.lead',
      boxes: apps.length > 0 ? apps.map(boxOf) : [none],
      errors: {},
    },
  }
}

const none: Box = { heading: 'account.apps.none', text: 'account.apps.noneText' }

function boxOf(app: WireApp): Box {
  const { client_id: id, client_name: name, since, expires_at: until } = app
  const permissions = app.permissions.map(({ resource, items }) => ({
    resource: resource ?? undefined,
    items,
  }))
  const times = [
    { label: 'account.apps.since', when: since },
    { label: 'account.apps.until', when: until },
  ] as const
  return {
    heading: { text: name },
    text: textOf(app),
    permissions,
    facts: times.flatMap(({ label, when }) => (when === null ? [] : [{ label, cell: { when } }])),
    forms: [
      {
        action: '/account/apps/remove',
        fields: [],
        hidden: { client: id },
        submit: 'account.apps.remove',
      },
    ],
  }
}

function textOf({ permissions, scopes }: WireApp): Box['text'] {
  if (permissions.length === 0) return 'account.apps.nothing'
  return scopes.includes('offline_access') ? 'account.apps.offline' : undefined
}

async function removeApp({ api, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/users/me/grants/${fields['client']}`).catch(unless('not_found'))
  return { to: '/account/apps?done=appRemoved' }
}
