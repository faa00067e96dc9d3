import { at } from '#http/api-client.ts'
import { attempt } from '#http/attempt.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { adminUserSchema } from '#wire/users.ts'
import { isConfirmed, notConfirmed } from './danger.ts'
import { confirmTextOf } from './user-actions.ts'
import { showUser } from './user.ts'

/** The buttons of `/console/users/:id`. */
export function userActionPages(): PageRoute[] {
  const action = (name: string, handle: PageRoute['handle'], scope = 'admin:users'): PageRoute => ({
    method: 'post',
    path: `/console/users/:id/${name}`,
    access: { scope },
    handle,
  })
  return [
    action('ban', (call) => act(call, 'ban', { reason: call.fields['reason'] || undefined })),
    action('unban', (call) => act(call, 'unban')),
    action('reset-password', (call) => act(call, 'reset-password', {})),
    action('logout', (call) => act(call, 'logout')),
    action('delete', deleteUser),
    action('end-session', endSession, 'admin:sessions'),
  ]
}

const done = {
  ban: 'userBanned',
  unban: 'userUnbanned',
  'reset-password': 'resetSent',
  logout: 'userSignedOut',
}

async function act(call: PageCall, name: keyof typeof done, body?: object): Promise<PageAnswer> {
  const { api, params } = call
  return attempt(
    async () => {
      await api.post(at`/admin/users/${params['id']}/${name}`, body)
      return { to: at`/console/users/${params['id']}?done=${done[name]}` }
    },
    (errors) => showUser(call, { errors }),
  )
}

/** Only after the person's e-mail or name was typed. */
async function deleteUser(call: PageCall): Promise<PageAnswer> {
  const { api, params, fields } = call
  const user = await api.get(at`/admin/users/${params['id']}`, adminUserSchema)
  if (!isConfirmed(fields, confirmTextOf(user))) return showUser(call, { errors: notConfirmed })
  return attempt(
    async () => {
      await api.delete(at`/admin/users/${user.id}`)
      return { to: '/console/users?done=userDeleted' }
    },
    (errors) => showUser(call, { errors }),
  )
}

async function endSession({ api, params, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/admin/users/${params['id']}/sessions/${fields['session']}`)
  return { to: at`/console/users/${params['id']}?done=sessionEnded` }
}
