import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError, unless } from '#lib/app-error.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'
import {
  totpSetupSchema,
  factorsSchema,
  type WireTotpSetup,
  enrolledSchema,
  passkeyOptionsSchema,
  type WireEnrolled,
  recoveryCodesSchema,
} from '#wire/factors.ts'
import { belowSecurity } from './security-pages.ts'

/**
 * Below `/account/security`: a new authenticator app, a new passkey, new recovery codes, each after a fresh sign-in. The
 * codes are on the answer to a form and nowhere else.
 */
export function enrolmentPages(): PageRoute[] {
  const page = (
    method: PageRoute['method'],
    path: string,
    handle: PageRoute['handle'],
  ): PageRoute => ({ method, path: `${home}${path}`, access: 'user', maxAge: freshSeconds, handle })
  return [
    page('get', '/authenticator', (call) => showApp(call)),
    page('post', '/authenticator', addApp),
    page('get', '/passkeys', (call) => showPasskey(call)),
    page('post', '/passkeys', addPasskey),
    page('post', '/recovery-codes', makeCodes),
  ]
}

const home = '/account/security'

/** After a wrong code the same seed is shown again: the app has it by now. */
async function showApp(
  { api }: PageCall,
  { setup: begun, errors = {} }: { setup?: string; errors?: FieldErrors } = {},
): Promise<PageAnswer> {
  const setup = await api.post('/users/me/factors/totp', { setup_token: begun }, totpSetupSchema)
  const { factors } = await api.get('/users/me/factors', factorsSchema)
  const hasOne = factors.some(({ kind }) => kind === 'totp')
  return {
    page: 'details',
    props: {
      ...belowSecurity,
      title: 'account.security.appSetUp',
      lead: hasOne ? 'account.security.appReplaceText' : undefined,
      boxes: [seedBox(setup), codeBox(setup.setup_token)],
      errors,
    },
  }
}

const seedBox = ({ secret, qr_svg: svg }: WireTotpSetup): Box => ({
  heading: 'account.security.appScan',
  text: 'account.security.appScanText',
  qr: { svg, label: 'enrolFactor.qr' },
  codes: [{ label: 'account.security.appKey', text: secret.match(/.{1,4}/g)?.join(' ') ?? '' }],
})

const codeBox = (setup: string): Box => ({
  heading: 'account.security.appConfirm',
  text: 'account.security.appConfirmText',
  forms: [
    {
      action: `${home}/authenticator`,
      hidden: { setup },
      fields: [
        {
          kind: 'text',
          name: 'code',
          label: 'account.security.appCode',
          value: '',
          inputmode: 'numeric',
          autocomplete: 'one-time-code',
          maxlength: 12,
        },
      ],
      submit: 'enrolFactor.submit',
      look: 'primary',
    },
  ],
})

async function addApp(call: PageCall): Promise<PageAnswer> {
  const { code = '', setup = '' } = call.fields
  return attempt(
    async () => {
      const body = { setup_token: setup, code: code.replaceAll(/\s/g, '') }
      return added(await call.api.post('/users/me/factors/totp/confirm', body, enrolledSchema))
    },
    (errors) => showApp(call, { setup, errors: codeErrors(errors) }),
  )
}

const codeErrors = (errors: FieldErrors): FieldErrors =>
  errors['form'] === 'errors.invalid_code' || errors['code']
    ? { code: 'errors.totp_wrong' }
    : errors

async function showPasskey({ api }: PageCall, errors: FieldErrors = {}): Promise<PageAnswer> {
  const options = await api.post('/users/me/factors/passkeys/options', {}, passkeyOptionsSchema)
  return {
    page: 'details',
    props: {
      ...belowSecurity,
      title: 'account.security.passkeyAdd',
      boxes: [
        {
          heading: 'account.security.passkey',
          text: 'account.security.passkeyAddText',
          forms: [
            {
              action: `${home}/passkeys`,
              fields: [
                {
                  kind: 'text',
                  name: 'name',
                  label: 'account.security.passkeyName',
                  help: 'account.security.passkeyNameHelp',
                  value: '',
                  optional: true,
                  maxlength: 64,
                },
              ],
              hidden: { response: '' },
              passkey: JSON.stringify(options),
              submit: 'account.security.passkeyAdd',
              look: 'primary',
            },
          ],
        },
      ],
      errors,
    },
  }
}

async function addPasskey(call: PageCall): Promise<PageAnswer> {
  const { name = '', response } = call.fields
  return attempt(
    async () => {
      const body = { response: answerIn(response), name: name.trim() || undefined }
      return added(await call.api.post('/users/me/factors/passkeys', body, enrolledSchema))
    },
    (errors) =>
      showPasskey(
        call,
        errors['form'] || errors['name'] ? errors : { form: 'errors.invalid_passkey' },
      ),
  )
}

function answerIn(response = ''): unknown {
  try {
    return JSON.parse(response)
  } catch (cause) {
    throw new AppError('invalid_passkey', { cause })
  }
}

/** The first factor comes with recovery codes. */
const added = ({ recovery_codes: codes }: WireEnrolled): PageAnswer =>
  codes ? codesPage(codes) : { to: `${home}?done=factorAdded` }

async function makeCodes({ api }: PageCall): Promise<PageAnswer> {
  const made = await api
    .post('/users/me/factors/recovery-codes', {}, recoveryCodesSchema)
    .catch(unless('no_factor'))
  return made ? codesPage(made.recovery_codes) : { to: home }
}

const codesPage = (codes: string[]): PageAnswer => ({
  page: 'details',
  props: {
    ...belowSecurity,
    title: 'recoveryCodes.heading',
    lead: 'recoveryCodes.lead',
    secret: [{ label: 'account.security.codesTitle', text: codes.join('\n') }],
    boxes: [
      {
        heading: 'account.security.codes',
        text: 'recoveryCodes.once',
        links: [{ href: home, label: 'account.security.codesBack' }],
      },
    ],
    errors: {},
  },
})
