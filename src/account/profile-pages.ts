import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import type { PresentedUser } from '#users/presented.ts'
import type { FieldErrors, Form } from '#view/signed-in-pages.ts'
import { languageNames, locales } from '#view/translate.ts'

/** `/account`: the person's profile. */
export function profilePages(): PageRoute[] {
  const common = { path: '/account', access: 'user' } as const
  return [
    {
      ...common,
      method: 'get',
      handle: async ({ api }) => showProfile(await api.get('/users/me')),
    },
    { ...common, method: 'post', handle: saveProfile },
  ]
}

async function saveProfile({ api, fields }: PageCall): Promise<PageAnswer> {
  const {
    nickname = '',
    username = '',
    phone = '',
    avatar_url: avatarUrl = '',
    locale = '',
  } = fields
  try {
    await api.patch('/users/me', {
      nickname: nickname.trim() || null,
      username: username.trim() || undefined,
      phone: phone.replaceAll(/[\s()-]/g, '') || null,
      avatar_url: avatarUrl.trim() || null,
      locale: locale || null,
    })
    return { to: '/account?done=profile' }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return showProfile(await api.get('/users/me'), { fields, errors: fieldErrors(error) })
  }
}

function showProfile(
  user: PresentedUser,
  retry?: { fields: Record<string, string>; errors: FieldErrors },
): PageAnswer {
  const { email } = user
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'profile',
      title: 'account.profile.heading',
      lead: 'account.profile.lead',
      facts: [
        {
          label: 'account.profile.email',
          cell:
            email === null
              ? { say: 'account.profile.noEmail' }
              : {
                  text: email,
                  chip: user.email_verified
                    ? { say: 'account.profile.verified', tone: 'ok' }
                    : { say: 'account.profile.unverified', tone: 'warn' },
                },
        },
        { label: 'account.profile.since', cell: { when: user.created_at } },
      ],
      boxes: [
        { heading: 'account.profile.about', forms: [profileForm({ ...user, ...retry?.fields })] },
      ],
      errors: retry?.errors ?? {},
    },
    ...(retry && { status: 422 }),
  }
}

function profileForm(values: {
  nickname: string | null
  username: string | null
  phone: string | null
  avatar_url: string | null
  locale: string | null
}): Form {
  const languages = locales.map((value) => ({ value, label: { text: languageNames[value] } }))
  const text = { kind: 'text', optional: true } as const
  return {
    action: '/account',
    fields: [
      {
        ...text,
        name: 'nickname',
        label: 'account.profile.nickname',
        value: values.nickname ?? '',
        autocomplete: 'nickname',
      },
      {
        ...text,
        name: 'username',
        label: 'account.profile.username',
        value: values.username ?? '',
        autocomplete: 'username',
      },
      {
        ...text,
        name: 'phone',
        label: 'account.profile.phone',
        value: values.phone ?? '',
        autocomplete: 'tel',
        inputmode: 'tel',
      },
      {
        ...text,
        name: 'avatar_url',
        label: 'account.profile.avatarUrl',
        value: values.avatar_url ?? '',
        autocomplete: 'photo',
        inputmode: 'url',
        help: 'account.profile.avatarHelp',
      },
      {
        kind: 'choice',
        name: 'locale',
        label: 'account.profile.locale',
        value: values.locale ?? '',
        options: [{ value: '', label: 'account.profile.localeAuto' }, ...languages],
      },
    ],
    submit: 'account.profile.submit',
    look: 'primary',
  }
}
