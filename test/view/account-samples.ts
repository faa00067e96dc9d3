import type { AccountPageProps } from '#view/account-pages.ts'
import type { Common, Shell } from '#view/pages.ts'

/** Props for the pages of the account centre; each text is `text`. */
export function accountSamples(text: string, shell: Common & Shell): AccountPageProps {
  const said = { text }
  return {
    account: {
      ...shell,
      profile: {
        email: text,
        emailVerified: false,
        nickname: text,
        username: text,
        phone: text,
        avatarUrl: text,
        locale: text,
        createdAt: '2026-11-20T05:00:00.000Z',
      },
      errors: { nickname: said, form: said },
    },
  }
}
