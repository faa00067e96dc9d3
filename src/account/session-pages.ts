import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { unless } from '#lib/app-error.ts'
import { deviceName } from '#view/devices.ts'
import type { Box } from '#view/signed-in-pages.ts'
import { sessionsSchema, type WireSession } from '#wire/sessions.ts'

/** `/account/sessions`: where the person is signed in, and how to end it. */
export function sessionPages(): PageRoute[] {
  const path = '/account/sessions'
  const access = 'user'
  return [
    { path, access, method: 'get', handle: showSessions },
    { path: `${path}/end`, access, method: 'post', handle: endOne },
    { path: `${path}/end-others`, access, method: 'post', handle: endOthers },
  ]
}

async function showSessions({ api }: PageCall): Promise<PageAnswer> {
  const { sessions } = await api.get('/users/me/sessions', sessionsSchema)
  const isOnly = sessions.every((one) => one.is_current)
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'sessions',
      title: 'account.sessions.heading',
      lead: 'account.sessions.lead',
      boxes: [
        { heading: 'account.sessions.browsers', rows: sessions.map(rowOf) },
        {
          heading: 'account.sessions.others',
          text: isOnly ? 'account.sessions.othersNone' : 'account.sessions.othersText',
          forms: isOnly
            ? []
            : [
                {
                  action: '/account/sessions/end-others',
                  fields: [
                    {
                      kind: 'check',
                      name: 'api_keys',
                      label: 'account.sessions.withKeys',
                      help: 'account.sessions.withKeysHelp',
                      checked: false,
                    },
                  ],
                  submit: 'account.sessions.others',
                },
              ],
        },
      ],
      errors: {},
    },
  }
}

function rowOf(one: WireSession): NonNullable<Box['rows']>[number] {
  const notes = [
    ...(one.address === null ? [] : [{ label: { text: one.address } }]),
    ...(one.client_name === null
      ? []
      : [{ label: { key: 'account.sessions.app', values: { app: one.client_name } } } as const]),
    ...(one.last_seen_at === null
      ? []
      : [{ label: 'account.sessions.lastSeen', when: one.last_seen_at } as const]),
  ]
  return {
    cell: {
      say: deviceName(one.agent),
      notes,
      ...(one.is_current && { chip: { say: 'account.sessions.current', tone: 'ok' } }),
    },
    // Anyone who is done here signs out; that leads through the engine, which tells applications.
    ...(!one.is_current && {
      form: {
        action: '/account/sessions/end',
        fields: [],
        hidden: { session: one.id },
        submit: 'account.sessions.end',
        look: 'secondary',
      },
    }),
  }
}

/** One that has ended meanwhile is no error: it is what was asked for. */
async function endOne({ api, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/users/me/sessions/${fields['session']}`).catch(unless('not_found'))
  return { to: '/account/sessions?done=sessionEnded' }
}

async function endOthers({ api, fields }: PageCall): Promise<PageAnswer> {
  const keys = fields['api_keys'] === undefined ? undefined : 'end'
  await api.delete('/users/me/sessions', { except: 'current', api_keys: keys })
  return { to: '/account/sessions?done=others' }
}
