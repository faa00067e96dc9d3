import type { ConsolePageProps } from '#view/console-pages.ts'
import type { Common, Shell } from '#view/pages.ts'

const time = '2026-11-20T05:00:00.000Z'

/** Props for the pages of the console; each text is `text`. */
export function consoleSamples(text: string, shell: Common & Shell): ConsolePageProps {
  const said = { text }
  const user = {
    id: text,
    email: text,
    email_verified: true,
    username: text,
    nickname: text,
    phone: text,
    avatar_url: text,
    locale: text,
    roles: [text],
    is_active: true,
    banned_at: null,
    erase_at: null,
    created_at: time,
    last_login_at: time,
    login_count: 12_345,
  }
  const session = {
    id: text,
    kind: 'app',
    client_id: text,
    address: text,
    agent: text,
    last_seen_at: time,
  } as const
  const form = { ...shell, roleNames: [text], errors: { email: said, form: said } }
  return {
    'console-users': {
      ...shell,
      users: [user],
      filter: { q: text, role: text, status: text },
      roleNames: [text],
      firstHref: text,
      nextHref: text,
    },
    'console-user-new': { ...form, values: { email: text, username: text, nickname: text } },
    'console-user': {
      ...form,
      user,
      values: { email: text, username: text, nickname: text },
      sessions: [session],
      confirmText: text,
    },
  }
}
