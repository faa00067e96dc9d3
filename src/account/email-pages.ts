import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { Box, FieldErrors, Field } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import { emailStateSchema, type WireEmailState } from '#wire/account.ts'

/**
 * `/account/email`: the codes of mails, for the present address and for the one that is to replace it.
 * `/account/email/change`: asks for the latter, after a fresh sign-in.
 */
export function emailPages(): PageRoute[] {
  const path = '/account/email'
  const common = { access: 'user' } as const
  const change = { ...common, path: `${path}/change`, maxAge: freshSeconds } as const
  return [
    { ...common, path, method: 'get', handle: (call) => showCodes(call) },
    { ...common, path: `${path}/confirm`, method: 'post', handle: confirmNew },
    { ...common, path: `${path}/verify`, method: 'post', handle: confirmPresent },
    { ...common, path: `${path}/send`, method: 'post', handle: sendToPresent },
    { ...change, method: 'get', handle: async () => showChange({}) },
    { ...change, method: 'post', handle: askForNew },
  ]
}

const place = { area: 'account', section: 'profile' } as const
const crumb = { href: '/account', label: 'account.profile.heading' } as const

async function showCodes({ api }: PageCall, errors?: FieldErrors): Promise<PageAnswer> {
  const state = await api.get('/users/me/email', emailStateSchema)
  return {
    page: 'details',
    props: {
      ...place,
      crumb,
      title: 'account.email.heading',
      boxes: [boxOf(state)],
      errors: errors ?? {},
    },
  }
}

/** One code at a time: that of the new address, as long as it waits. */
function boxOf({ email, email_verified: isVerified, pending_email: pending }: WireEmailState): Box {
  if (pending !== null) return newBox(pending)
  return email === null || isVerified ? nothing : presentBox(email)
}

const nothing: Box = {
  heading: 'account.email.nothing',
  text: 'account.email.nothingText',
  links: [{ href: '/account', label: 'account.profile.heading' }],
}

const codeField: Field = {
  kind: 'text',
  name: 'code',
  label: 'account.email.code',
  value: '',
  maxlength: 16,
  inputmode: 'numeric',
  autocomplete: 'one-time-code',
}

const newBox = (email: string): Box => ({
  heading: 'account.email.sentHeading',
  text: { key: 'account.email.sentText', values: { email } },
  forms: [
    {
      action: '/account/email/confirm',
      fields: [codeField],
      submit: 'account.email.confirm',
      look: 'primary',
    },
  ],
  links: [{ href: '/account/email/change', label: 'account.email.other' }],
})

const presentBox = (email: string): Box => ({
  heading: { key: 'account.email.presentHeading', values: { email } },
  text: 'account.email.presentText',
  forms: [
    {
      action: '/account/email/verify',
      fields: [codeField],
      submit: 'account.email.presentConfirm',
      look: 'primary',
    },
    { action: '/account/email/send', fields: [], submit: 'account.email.presentSend' },
  ],
})

const confirmNew = (call: PageCall): Promise<PageAnswer> =>
  takeCode(call, async (code) => {
    await call.api.post('/users/me/email/confirm', { code })
    return { to: '/account?done=email' }
  })

const confirmPresent = (call: PageCall): Promise<PageAnswer> =>
  takeCode(call, async (code) => {
    const { email } = await call.api.get('/users/me/email', emailStateSchema)
    await call.api.post('/auth/verify-email', { email, code })
    return { to: '/account?done=emailVerified' }
  })

/** Whatever is wrong, it is about the one field. */
async function takeCode(
  call: PageCall,
  spend: (code: string) => Promise<PageAnswer>,
): Promise<PageAnswer> {
  const { code = '' } = call.fields
  if (!code.trim()) return showCodes(call, { code: 'errors.mail_code_required' })
  return attempt(
    () => spend(code),
    (errors) => showCodes(call, 'form' in errors ? { code: errors['form'] } : errors),
  )
}

async function sendToPresent({ api }: PageCall): Promise<PageAnswer> {
  const { email } = await api.get('/users/me/email', emailStateSchema)
  if (email !== null) await api.post('/auth/request-verify', { email })
  return { to: '/account/email?done=codeSent' }
}

async function askForNew({ api, fields }: PageCall): Promise<PageAnswer> {
  return attempt(
    async () => {
      await api.post('/users/me/email', { email: fields['email'] ?? '' })
      return { to: '/account/email?done=codeSent' }
    },
    async (errors) => showChange(fields, errors),
  )
}

const showChange = (fields: Record<string, string>, errors?: FieldErrors): PageAnswer => ({
  page: 'details',
  props: {
    ...place,
    crumb,
    title: 'account.email.changeHeading',
    boxes: [
      {
        heading: 'account.email.heading',
        text: 'account.email.changeLead',
        forms: [
          {
            action: '/account/email/change',
            fields: [
              {
                kind: 'text',
                name: 'email',
                label: 'account.email.new',
                value: fields['email'] ?? '',
                inputmode: 'email',
                autocomplete: 'email',
              },
            ],
            submit: 'account.email.send',
            look: 'primary',
          },
        ],
      },
    ],
    errors: errors ?? {},
  },
})
