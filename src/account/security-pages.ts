import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { Box, Field, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { passwordStateSchema } from '#wire/account.ts'
import { factorBoxes } from './factor-boxes.ts'

/**
 * `/account/security`: how the person proves who they are. `/account/security/set-password` is for anyone who has no password,
 * after a fresh sign-in.
 */
export function securityPages(options: { passwordMinLength: number }): PageRoute[] {
  const min = options.passwordMinLength
  const common = { access: 'user' } as const
  const set = { ...common, path: '/account/security/set-password', maxAge: freshSeconds } as const
  return [
    {
      ...common,
      path: '/account/security',
      method: 'get',
      handle: (call) => showSecurity(call, min),
    },
    {
      ...common,
      path: '/account/security/password',
      method: 'post',
      handle: (call) => changePassword(call, min),
    },
    { ...set, method: 'get', handle: async () => showSet(min) },
    { ...set, method: 'post', handle: (call) => setPassword(call, min) },
  ]
}

const place = { area: 'account', section: 'security' } as const

/** Where the pages below this one stand. */
export const belowSecurity = {
  ...place,
  crumb: { href: '/account/security', label: 'account.security.heading' },
} as const

async function showSecurity(
  { api }: PageCall,
  min: number,
  errors?: FieldErrors,
): Promise<PageAnswer> {
  const { is_set: hasPassword } = await api.get('/users/me/password', passwordStateSchema)
  return {
    page: 'details',
    props: {
      ...place,
      title: 'account.security.heading',
      lead: 'account.security.lead',
      boxes: [hasPassword ? passwordBox(min) : noPasswordBox, ...(await factorBoxes(api))],
      errors: errors ?? {},
    },
  }
}

const newPassword = (min: number): Field => ({
  kind: 'password',
  name: 'new_password',
  label: 'account.security.new',
  help: { key: 'account.security.newHelp', values: { min } },
  autocomplete: 'new-password',
})

const passwordBox = (min: number): Box => ({
  heading: 'account.security.password',
  text: 'account.security.passwordText',
  forms: [
    {
      action: '/account/security/password',
      fields: [
        {
          kind: 'password',
          name: 'current_password',
          label: 'account.security.current',
          autocomplete: 'current-password',
        },
        newPassword(min),
      ],
      submit: 'account.security.change',
      look: 'primary',
    },
  ],
  links: [{ href: '/forgot-password', label: 'account.security.forgot' }],
})

const noPasswordBox: Box = {
  heading: 'account.security.password',
  text: 'account.security.none',
  links: [{ href: '/account/security/set-password', label: 'account.security.set' }],
}

async function changePassword(call: PageCall, min: number): Promise<PageAnswer> {
  const { current_password = '', new_password = '' } = call.fields
  const required: FieldErrors = {
    ...(!current_password && { current_password: 'errors.password_required' }),
    ...(!new_password && { new_password: 'errors.required' }),
  }
  if (Object.keys(required).length > 0) return showSecurity(call, min, required)
  return attempt(
    async () => {
      await call.api.post('/users/me/password', { current_password, new_password })
      return { to: '/account/security?done=password' }
    },
    (errors) =>
      showSecurity(
        call,
        min,
        errors['form'] === 'errors.invalid_credentials'
          ? { current_password: 'account.security.wrong' }
          : errors,
      ),
  )
}

async function setPassword({ api, fields }: PageCall, min: number): Promise<PageAnswer> {
  return attempt(
    async () => {
      await api.post('/users/me/password', { new_password: fields['new_password'] ?? '' })
      return { to: '/account/security?done=passwordSet' }
    },
    async (errors) => showSet(min, errors),
  )
}

const showSet = (min: number, errors?: FieldErrors): PageAnswer => ({
  page: 'details',
  props: {
    ...belowSecurity,
    title: 'account.security.set',
    boxes: [
      {
        heading: 'account.security.password',
        text: 'account.security.setLead',
        forms: [
          {
            action: '/account/security/set-password',
            fields: [newPassword(min)],
            submit: 'account.security.set',
            look: 'primary',
          },
        ],
      },
    ],
    errors: errors ?? {},
  },
})
