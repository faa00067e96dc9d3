import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { type WireUser, userSchema } from '#wire/users.ts'
import type { Box, FieldErrors, Form } from '#view/signed-in-pages.ts'
import { attempt } from '#http/attempt.ts'

/** `/account`: the person's profile. */
export function profilePages(): PageRoute[] {
  const common = { path: '/account', access: 'user' } as const
  return [
    {
      ...common,
      method: 'get',
      handle: async ({ api }) => showProfile(await api.get('/users/me', userSchema)),
    },
    { ...common, method: 'post', handle: saveProfile },
  ]
}

async function saveProfile({ api, fields }: PageCall): Promise<PageAnswer> {
  const { nickname = '', username = '', phone = '', avatar_url: avatarUrl = '' } = fields
  return attempt(
    async () => {
      await api.patch('/users/me', {
        nickname: nickname.trim() || null,
        username: username.trim() || undefined,
        phone: phone.replaceAll(/[\s()-]/g, '') || null,
        avatar_url: avatarUrl.trim() || null,
      })
      return { to: '/account?done=profile' }
    },
    async (errors) => showProfile(await api.get('/users/me', userSchema), { fields, errors }),
  )
}

function showProfile(
  user: WireUser,
  retry?: { fields: Record<string, string>; errors: FieldErrors },
): PageAnswer {
  return {
    page: 'details',
    props: {
      area: 'account',
      section: 'profile',
      title: 'account.profile.heading',
      lead: 'account.profile.lead',
      picture: { name: nameOf(user), address: user.avatar_url ?? undefined },
      facts: [{ label: 'account.profile.since', cell: { when: user.created_at } }],
      boxes: [
        { heading: 'account.profile.about', forms: [profileForm({ ...user, ...retry?.fields })] },
        emailBox(user),
      ],
      errors: retry?.errors ?? {},
    },
  }
}

const nameOf = ({ nickname, username, email, id }: WireUser): string =>
  nickname ?? username ?? email ?? id

function emailBox({ email, email_verified: isVerified }: WireUser): Box {
  const change = '/account/email/change'
  if (email === null) {
    return {
      heading: 'account.profile.emailSection',
      text: 'account.profile.emailNone',
      links: [{ href: change, label: 'account.profile.add' }],
    }
  }
  return {
    heading: 'account.profile.emailSection',
    rows: [
      {
        cell: {
          text: email,
          chip: isVerified
            ? { say: 'account.profile.verified', tone: 'ok' }
            : { say: 'account.profile.unverified', tone: 'warn' },
        },
      },
    ],
    links: [
      ...(isVerified
        ? []
        : [{ href: '/account/email', label: 'account.profile.confirm' } as const]),
      { href: change, label: 'account.profile.change' },
    ],
  }
}

function profileForm(values: {
  nickname: string | null
  username: string | null
  phone: string | null
  avatar_url: string | null
}): Form {
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
    ],
    submit: 'account.profile.submit',
    look: 'primary',
  }
}
