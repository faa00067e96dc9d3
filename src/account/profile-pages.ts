import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import type { PresentedUser } from '#users/presented.ts'
import type { PageProps } from '#view/pages.ts'

/** `/account`: the person's profile. */
export function profilePages(): PageRoute[] {
  return [
    {
      method: 'get',
      path: '/account',
      access: 'user',
      handle: async ({ api }) => showProfile(await api.get('/users/me')),
    },
    { method: 'post', path: '/account', access: 'user', handle: saveProfile },
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
  const typed = { nickname, username, phone, avatarUrl, locale }
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
    return showProfile(await api.get('/users/me'), { typed, errors: fieldErrors(error) })
  }
}

function showProfile(
  user: PresentedUser,
  retry?: { typed: object; errors: PageProps['account']['errors'] },
): PageAnswer {
  const profile = {
    email: user.email ?? undefined,
    emailVerified: user.email_verified,
    nickname: user.nickname ?? '',
    username: user.username ?? '',
    phone: user.phone ?? '',
    avatarUrl: user.avatar_url ?? '',
    locale: user.locale ?? '',
    createdAt: user.created_at,
    ...retry?.typed,
  }
  return {
    page: 'account',
    props: { profile, errors: retry?.errors ?? {} },
    ...(retry && { status: 422 }),
  }
}
