import { at } from '#http/api-client.ts'
import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import { isConfirmed, notConfirmed } from './danger.ts'
import { confirmTextOf } from './user-actions.ts'
import { showUser } from './user.ts'
import type { ConsoleUser } from './users.ts'

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
  try {
    await api.post(at`/admin/users/${params['id']}/${name}`, body)
    return { to: at`/console/users/${params['id']}?done=${done[name]}` }
  } catch (error) {
    return refused(call, error)
  }
}

/** Only after the person's e-mail or name was typed. */
async function deleteUser(call: PageCall): Promise<PageAnswer> {
  const { api, params, fields } = call
  const user = await api.get<ConsoleUser>(at`/admin/users/${params['id']}`)
  if (!isConfirmed(fields, confirmTextOf(user))) return showUser(call, { errors: notConfirmed })
  try {
    await api.delete(at`/admin/users/${user.id}`)
    return { to: '/console/users?done=userDeleted' }
  } catch (error) {
    return refused(call, error)
  }
}

async function endSession({ api, params, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/admin/users/${params['id']}/sessions/${fields['session']}`)
  return { to: at`/console/users/${params['id']}?done=sessionEnded` }
}

function refused(call: PageCall, error: unknown): Promise<PageAnswer> {
  if (!(error instanceof AppError) || error.status === 404) throw error
  return showUser(call, { errors: fieldErrors(error) })
}
