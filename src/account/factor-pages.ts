import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError, unless } from '#lib/app-error.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { factorsSchema, type WireFactor } from '#wire/factors.ts'
import { factorName, notesOf } from './factor-boxes.ts'
import { belowSecurity } from './security-pages.ts'

/** Below `/account/security`: what becomes of second factors and of remembered browsers. Removing needs a fresh sign-in. */
export function factorPages(): PageRoute[] {
  const page = (method: PageRoute['method'], path: string, handle: PageRoute['handle']) =>
    ({ method, path: `${home}${path}`, access: 'user', handle }) as const
  return [
    { ...page('get', '/factors/:id', (call) => showFactor(call)), maxAge: freshSeconds },
    page('post', '/factors/:id', rename),
    { ...page('post', '/factors/:id/remove', remove), maxAge: freshSeconds },
    page('post', '/devices/forget', forget),
    page('post', '/devices/forget-all', forgetAll),
  ]
}

const home = '/account/security'

async function showFactor(call: PageCall, errors: FieldErrors = {}): Promise<PageAnswer> {
  const { factors } = await call.api.get('/users/me/factors', factorsSchema)
  const factor = factors.find(({ id }) => id === call.params['id'])
  if (!factor) throw new AppError('not_found')
  return {
    page: 'details',
    props: {
      ...belowSecurity,
      title: factorName(factor),
      boxes: [nameBox(factor, call.fields['name'] ?? factor.name), removeBox(factor)],
      errors,
    },
  }
}

const pathOf = ({ id }: WireFactor): string => at`/account/security/factors/${id}`

const nameBox = (factor: WireFactor, value: string): Box => ({
  heading: 'account.security.factorName',
  rows: [{ cell: { notes: notesOf(factor) } }],
  forms: [
    {
      action: pathOf(factor),
      fields: [
        { kind: 'text', name: 'name', label: 'account.security.factorName', value, maxlength: 64 },
      ],
      submit: 'account.security.factorRename',
    },
  ],
})

const removeBox = (factor: WireFactor): Box => ({
  heading: 'account.security.factorRemove',
  isDanger: true,
  forms: [
    {
      action: `${pathOf(factor)}/remove`,
      fields: [],
      submit: 'account.security.factorRemove',
      look: 'destroy',
      confirm: 'account.security.factorRemoveText',
    },
  ],
})

async function rename(call: PageCall): Promise<PageAnswer> {
  return attempt(
    async () => {
      const name = (call.fields['name'] ?? '').trim()
      await call.api.patch(at`/users/me/factors/${call.params['id']}`, { name })
      return { to: `${home}?done=factorRenamed` }
    },
    (errors) => showFactor(call, errors),
  )
}

async function remove({ api, params }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/users/me/factors/${params['id']}`).catch(unless('not_found'))
  return { to: `${home}?done=factorRemoved` }
}

async function forget({ api, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/users/me/remembered-devices/${fields['device']}`).catch(unless('not_found'))
  return { to: `${home}?done=deviceForgotten` }
}

async function forgetAll({ api }: PageCall): Promise<PageAnswer> {
  await api.delete('/users/me/remembered-devices')
  return { to: `${home}?done=devicesForgotten` }
}
