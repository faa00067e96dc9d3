import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { freshSeconds } from '#oidc/second-factor-policy.ts'
import { type WireUser, userSchema } from '#wire/users.ts'
import type { Box, FieldErrors } from '#view/signed-in-pages.ts'
import { isLocale, languageNames, locales } from '#view/translate.ts'
import { attempt } from '#http/attempt.ts'
import { exportSchema, erasingSchema } from '#wire/account.ts'

/** `/account/data`: language, export, and the end of the account. */
export function dataPages({ eraseAfterDays: days }: { eraseAfterDays: number }): PageRoute[] {
  const path = '/account/data'
  const access = 'user'
  return [
    { path, access, method: 'get', handle: (call) => showData(call, days) },
    { path: `${path}/language`, access, method: 'post', handle: saveLanguage },
    { path: `${path}/export`, access, method: 'post', handle: download },
    {
      path: `${path}/erase`,
      access,
      maxAge: freshSeconds,
      method: 'post',
      handle: (call) => erase(call, days),
    },
  ]
}

async function showData(
  { api }: PageCall,
  days: number,
  errors?: FieldErrors,
): Promise<PageAnswer> {
  const user = await api.get('/users/me', userSchema)
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'data',
      title: 'account.data.heading',
      boxes: [languageBox(user), exportBox, eraseBox(user, days)],
      errors: errors ?? {},
    },
  }
}

const languageBox = ({ locale }: WireUser): Box => ({
  heading: 'account.data.language',
  text: 'account.data.languageText',
  forms: [
    {
      action: '/account/data/language',
      fields: [
        {
          kind: 'choice',
          name: 'locale',
          label: 'account.data.languageOf',
          value: locale ?? '',
          options: [
            { value: '', label: 'account.data.localeAuto' },
            ...locales.map((value) => ({ value, label: { text: languageNames[value] } })),
          ],
        },
      ],
      submit: 'account.data.submit',
      look: 'primary',
    },
  ],
})

const exportBox: Box = {
  heading: 'account.data.export',
  text: 'account.data.exportText',
  forms: [{ action: '/account/data/export', fields: [], submit: 'account.data.download' }],
}

const eraseBox = (user: WireUser, days: number): Box => ({
  heading: 'account.data.erase',
  text: days === 0 ? 'account.data.eraseNow' : { key: 'account.data.eraseText', values: { days } },
  isDanger: true,
  forms: [
    {
      action: '/account/data/erase',
      fields: [
        {
          kind: 'text',
          name: 'confirm',
          label: { key: 'console.confirm.label', values: { text: confirmTextOf(user) } },
          value: '',
        },
      ],
      submit: 'account.data.erase',
      look: 'destroy',
    },
  ],
})

/** What someone types to say that they mean this account. */
const confirmTextOf = ({ email, username, id }: WireUser): string => email ?? username ?? id

/** `lang` makes this the latest choice, before any that was made in this browser earlier. */
async function saveLanguage({ api, fields }: PageCall): Promise<PageAnswer> {
  const { locale } = fields
  const chosen = isLocale(locale) ? locale : null
  await api.patch('/users/me', { locale: chosen })
  return { to: `/account/data?done=language&lang=${chosen ?? 'auto'}` }
}

const download = async ({ api }: PageCall): Promise<PageAnswer> => ({
  file: 'account.json',
  json: await api.get('/users/me/export', exportSchema),
})

async function erase(call: PageCall, days: number): Promise<PageAnswer> {
  const user = await call.api.get('/users/me', userSchema)
  if (call.fields['confirm']?.trim() !== confirmTextOf(user))
    return showData(call, days, { confirm: 'console.confirm.wrong' })
  return attempt(
    async () => {
      const { erase_at: until } = await call.api.delete('/users/me', {}, erasingSchema)
      return { page: 'account-erased', props: { until } }
    },
    (errors) => showData(call, days, errors),
  )
}
