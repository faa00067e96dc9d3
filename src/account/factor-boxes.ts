import type { ApiClient } from '#http/api-client.ts'
import { deviceName } from '#view/devices.ts'
import type { Box, Cell } from '#view/signed-in-pages.ts'
import { factorsSchema, devicesSchema, type WireFactor, type WireDevice } from '#wire/factors.ts'

/** The boxes of `/account/security` that are about more than a password. */
export async function factorBoxes(api: ApiClient): Promise<Box[]> {
  const [{ factors, recovery_codes_left: left }, { devices }] = await Promise.all([
    api.get('/users/me/factors', factorsSchema),
    api.get('/users/me/remembered-devices', devicesSchema),
  ])
  return [
    passkeyBox(factors.filter(({ kind }) => kind === 'passkey')),
    appBox(factors.filter(({ kind }) => kind === 'totp')),
    ...(factors.length > 0 ? [codesBox(left)] : []),
    ...(devices.length > 0 ? [devicesBox(devices)] : []),
  ]
}

const passkeyBox = (passkeys: WireFactor[]): Box => ({
  heading: 'account.security.passkeys',
  text: 'account.security.passkeysText',
  rows: passkeys.map(rowOf),
  none: 'account.security.passkeysNone',
  links: [{ href: '/account/security/passkeys', label: 'account.security.passkeyAdd' }],
})

const appBox = (apps: WireFactor[]): Box => ({
  heading: 'account.security.app',
  text: 'account.security.appText',
  rows: apps.map(rowOf),
  none: 'account.security.appNone',
  links: [
    {
      href: '/account/security/authenticator',
      label: apps.length > 0 ? 'account.security.appReplace' : 'account.security.appAdd',
    },
  ],
})

const codesBox = (left: number): Box => ({
  heading: 'account.security.codes',
  text:
    left > 0
      ? { key: 'account.security.codesLeft', values: { left } }
      : 'account.security.codesNone',
  forms: [
    {
      action: '/account/security/recovery-codes',
      fields: [],
      submit: 'account.security.codesMake',
      ...(left > 0 && { confirm: 'account.security.codesConfirm' }),
    },
  ],
})

const devicesBox = (devices: WireDevice[]): Box => ({
  heading: 'account.security.devices',
  text: 'account.security.devicesText',
  rows: devices.map((one) => ({
    cell: {
      say: deviceName(one.agent),
      notes: [
        { label: { text: one.address } },
        { label: 'account.security.added', when: one.remembered_at },
        { label: 'account.security.deviceUntil', when: one.expires_at },
      ],
    },
    form: {
      action: '/account/security/devices/forget',
      fields: [],
      hidden: { device: one.id },
      submit: 'account.security.deviceForget',
    },
  })),
  forms: [
    {
      action: '/account/security/devices/forget-all',
      fields: [],
      submit: 'account.security.devicesForget',
    },
  ],
})

/** The name leads to the page on which it is changed or removed. */
const rowOf = (factor: WireFactor): { cell: Cell } => ({
  cell: {
    say: factorName(factor),
    href: `/account/security/factors/${encodeURIComponent(factor.id)}`,
    notes: notesOf(factor),
    ...(factor.backed_up && { chip: { say: 'account.security.synced', tone: 'plain' } }),
  },
})

export const notesOf = ({
  created_at: madeAt,
  last_used_at: usedAt,
}: WireFactor): NonNullable<Cell['notes']> => [
  { label: 'account.security.added', when: madeAt },
  usedAt === null
    ? { label: 'account.security.unused' }
    : { label: 'account.security.used', when: usedAt },
]

export function factorName({ kind, name }: WireFactor): NonNullable<Cell['say']> {
  if (name) return { text: name }
  return kind === 'totp' ? 'account.security.app' : 'account.security.passkey'
}
