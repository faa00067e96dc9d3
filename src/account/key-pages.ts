import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { unless } from '#lib/app-error.ts'
import type { Box, Field, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import {
  apiKeysSchema,
  describedScopesSchema,
  type WireApiKey,
  type WireDescribedScope,
  newApiKeySchema,
} from '#wire/api-keys.ts'

/** `/account/api-keys`: keys for programs of the person's own. A new key is on the answer to its form and nowhere else. */
export function keyPages(): PageRoute[] {
  const path = '/account/api-keys'
  const access = 'user'
  return [
    { path, access, method: 'get', handle: (call) => showKeys(call, {}) },
    { path, access, method: 'post', handle: createKey },
    { path: `${path}/revoke`, access, method: 'post', handle: revokeKey },
  ]
}

/** What a page shows beside the keys: the new one, or what was typed and what is wrong with it. */
interface Shown {
  key?: string
  retry?: { fields: Record<string, string>; errors: FieldErrors }
}

async function showKeys({ api }: PageCall, { key, retry }: Shown): Promise<PageAnswer> {
  const { api_keys: keys } = await api.get('/users/api-keys', apiKeysSchema)
  const { scopes } = await api.get('/users/api-key-scopes', describedScopesSchema)
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'keys',
      title: 'account.keys.heading',
      lead: 'account.keys.lead',
      ...(key !== undefined && { secret: [{ label: 'account.keys.key', text: key }] }),
      boxes: [
        {
          heading: 'account.keys.list',
          none: 'account.keys.none',
          rows: keys.map((one) => rowOf(one, scopes)),
        },
        createBox(scopes, retry?.fields ?? {}),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

function rowOf(key: WireApiKey, known: WireDescribedScope[]): NonNullable<Box['rows']>[number] {
  const { expires_at: expiresAt, last_used_at: usedAt } = key
  const words = key.scopes.map((name) => known.find((one) => one.name === name)?.text ?? name)
  return {
    cell: {
      text: key.name,
      code: `${key.access_key}…`,
      sub: words.join(' · ') || undefined,
      notes: [
        { label: 'account.keys.made', when: key.created_at },
        usedAt === null
          ? { label: 'account.keys.unused' }
          : { label: 'account.keys.used', when: usedAt },
        expiresAt === null
          ? { label: 'account.keys.endless' }
          : { label: labelOf(expiresAt), when: expiresAt },
      ],
    },
    form: {
      action: '/account/api-keys/revoke',
      fields: [],
      hidden: { key: key.id },
      submit: 'account.keys.revoke',
    },
  }
}

const labelOf = (expiresAt: string) =>
  Date.parse(expiresAt) <= Date.now() ? 'account.keys.expired' : 'account.keys.expires'

/** Value of the choice → days. */
const lives = new Map([30, 90, 365].map((days) => [String(days), days]))

const createBox = (scopes: WireDescribedScope[], typed: Record<string, string>): Box => ({
  heading: 'account.keys.create',
  forms: [
    {
      action: '/account/api-keys',
      fields: [
        {
          kind: 'text',
          name: 'name',
          label: 'account.keys.name',
          help: 'account.keys.nameHelp',
          value: typed['name'] ?? '',
          maxlength: 100,
        },
        {
          kind: 'checks',
          name: 'scopes',
          label: 'account.keys.may',
          options: scopes.map(({ name, text }) => ({
            name: `scope:${name}`,
            label: text,
            sub: name,
            checked: `scope:${name}` in typed,
          })),
        },
        expiryField(typed['expiry'] ?? '90'),
      ],
      submit: 'account.keys.submit',
      look: 'primary',
    },
  ],
})

const expiryField = (value: string): Field => ({
  kind: 'choice',
  name: 'expiry',
  label: 'account.keys.expiry',
  value,
  options: [
    { value: '30', label: { key: 'account.keys.days', values: { days: 30 } } },
    { value: '90', label: { key: 'account.keys.days', values: { days: 90 } } },
    { value: '365', label: 'account.keys.year' },
    { value: 'never', label: 'account.keys.never' },
  ],
})

async function createKey(call: PageCall): Promise<PageAnswer> {
  const { api, fields } = call
  const days = lives.get(fields['expiry'] ?? '')
  const wanted = Object.keys(fields).filter((name) => name.startsWith('scope:'))
  return attempt(
    async () => {
      const body = {
        name: (fields['name'] ?? '').trim(),
        scopes: wanted.map((name) => name.slice('scope:'.length)),
        expires_at: days && new Date(Date.now() + days * 86_400_000).toISOString(),
      }
      const { key } = await api.post('/users/api-keys', body, newApiKeySchema)
      return showKeys(call, { key })
    },
    (errors) => showKeys(call, { retry: { fields, errors } }),
  )
}

async function revokeKey({ api, fields }: PageCall): Promise<PageAnswer> {
  await api.delete(at`/users/api-keys/${fields['key']}`).catch(unless('not_found'))
  return { to: '/account/api-keys?done=keyRevoked' }
}
