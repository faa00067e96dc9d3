import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { clientWithSecretSchema, clientSchema, type WireClient } from '#wire/clients.ts'
import type { ClientPageOptions } from './client-form.ts'
import { nameOfClient } from './client-kinds.ts'
import { deleteBox, isConfirmed, notConfirmed, twoSteps } from './danger.ts'

/** The buttons of `/console/clients/:id`: a second secret, the end of the older one, the end of the client. */
export function clientActionPages(
  show: (call: PageCall, options?: ClientPageOptions) => Promise<PageAnswer>,
): PageRoute[] {
  const action = (name: string, handle: PageRoute['handle']): PageRoute => ({
    method: 'post',
    path: `/console/clients/:id/${name}`,
    access: { scope: 'admin:clients' },
    handle,
  })
  const again = (call: PageCall) => (errors: FieldErrors) => show(call, { errors })
  return [
    action('rotate-secret', (call) =>
      attempt(async () => {
        const path = at`/admin/clients/${call.params['id']}/rotate-secret`
        const { client_secret: secret } = await call.api.post(path, {}, clientWithSecretSchema)
        return show(call, { secret: secret! })
      }, again(call)),
    ),
    action('drop-secret', (call) =>
      attempt(async () => {
        await call.api.delete(at`/admin/clients/${call.params['id']}/secrets/old`)
        return { to: at`/console/clients/${call.params['id']}?done=secretDropped` }
      }, again(call)),
    ),
    action('delete', async (call) => {
      const path = at`/admin/clients/${call.params['id']}`
      const client = await call.api.get(path, clientSchema)
      if (!isConfirmed(call.fields, nameOfClient(client))) return again(call)(notConfirmed)
      return attempt(async () => {
        await call.api.delete(path)
        return { to: '/console/clients?done=clientDeleted' }
      }, again(call))
    }),
  ]
}

/** Nothing for a client that authenticates without a secret. */
export function secretsBox({ client_id: id, live_secrets: live }: WireClient): Box[] {
  if (live === 0) return []
  const path = at`/console/clients/${id}`
  const form =
    live === 1
      ? { action: `${path}/rotate-secret`, fields: [], submit: 'console.clients.rotate' as const }
      : {
          ...twoSteps(`${path}/drop-secret`, {
            submit: 'console.clients.dropOld',
            confirm: 'console.clients.dropOldText',
          }),
          look: 'secondary' as const,
        }
  return [
    {
      heading: 'console.clients.secrets',
      text: live === 1 ? 'console.clients.oneSecret' : 'console.clients.twoSecrets',
      forms: [form],
    },
  ]
}

export const dangerBox = (client: WireClient): Box =>
  deleteBox({
    action: at`/console/clients/${client.client_id}/delete`,
    heading: 'console.clients.delete',
    text: 'console.clients.deleteText',
    name: nameOfClient(client),
  })
