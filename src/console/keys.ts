import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Box, Chip, FieldErrors } from '#view/signed-in-pages.ts'
import { at } from '#http/api-client.ts'
import { attempt } from '#http/attempt.ts'
import { type WireSigningKey, signingKeysSchema } from '#wire/signing-keys.ts'
import { twoSteps } from './danger.ts'

/** `/console/keys`: the keys with which tokens are signed, and their change. */
export function keyPages(): PageRoute[] {
  const access = { scope: 'admin:keys' }
  return [
    { method: 'get', path: '/console/keys', access, handle: (call) => showKeys(call) },
    { method: 'post', path: '/console/keys/rotate', access, handle: rotateKeys },
    { method: 'post', path: '/console/keys/:kid/revoke', access, handle: revokeKey },
  ]
}

const tones: Record<WireSigningKey['state'], Chip['tone']> = {
  current: 'ok',
  next: 'plain',
  previous: 'plain',
}

async function showKeys({ api }: PageCall, errors?: FieldErrors): Promise<PageAnswer> {
  const { keys } = await api.get('/admin/keys', signingKeysSchema)
  return {
    page: 'list',
    props: {
      area: 'console',
      section: 'keys',
      title: 'console.keys.title',
      lead: 'console.keys.lead',
      filters: [],
      filterAction: '/console/keys',
      columns: [
        { label: 'console.keys.kid' },
        { label: 'console.keys.alg' },
        { label: 'console.keys.state' },
        { label: 'console.keys.since' },
        { label: 'console.keys.created' },
        { label: 'console.keys.revoke' },
      ],
      rows: keys.map((key) => [
        { code: key.kid },
        { text: key.alg },
        { chip: { say: `console.keys.${key.state}`, tone: tones[key.state] } },
        { when: key.state_since },
        { when: key.created_at },
        {
          form: twoSteps(at`/console/keys/${key.kid}/revoke`, {
            submit: 'console.keys.revoke',
            confirm: 'console.keys.revokeText',
          }),
        },
      ]),
      empty: { heading: 'console.keys.none', text: 'console.keys.lead' },
      boxes: [rotateBox],
      errors,
    },
  }
}

const rotateBox: Box = {
  heading: 'console.keys.rotate',
  text: 'console.keys.rotateText',
  isDanger: true,
  forms: [
    {
      action: '/console/keys/rotate',
      fields: [
        {
          kind: 'check',
          name: 'force',
          label: 'console.keys.force',
          help: 'console.keys.forceHelp',
          checked: false,
        },
      ],
      submit: 'console.keys.rotate',
      confirm: 'console.keys.confirm',
    },
  ],
}

const revokeKey = (call: PageCall): Promise<PageAnswer> =>
  attempt(
    async () => {
      await call.api.post(at`/admin/keys/${call.params['kid']}/revoke`)
      return { to: '/console/keys?done=signingKeyRevoked' }
    },
    (errors) => showKeys(call, errors),
  )

const rotateKeys = (call: PageCall): Promise<PageAnswer> =>
  attempt(
    async () => {
      await call.api.post('/admin/keys/rotate', { force: call.fields['force'] === 'yes' })
      return { to: '/console/keys?done=keysRotated' }
    },
    (errors) => showKeys(call, errors),
  )
