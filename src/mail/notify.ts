import type { Config } from '#config/load.ts'
import type { MailQueue } from './queue.ts'
import { createMailView } from '#view/mail.ts'
import { chooseLocale } from '#view/translate.ts'

/** Puts one of our messages in the queue, with links that lead back here. */
export type Notify = (
  name: Parameters<ReturnType<typeof createMailView>>[0],
  message: {
    to: string
    locale: string
    path?: string
    code?: string | undefined
    /** What else the message says. */
    values?: Partial<{ about: string; agent: string; address: string; at: number; factor: string }>
  },
) => Promise<void>

export function createNotify(config: Config, queue: MailQueue): Notify {
  const render = createMailView(config.BRAND_NAME, config.ISSUER, config.BRAND_ACCENT)
  const none = { about: '', agent: '', address: '', at: 0, factor: '' }
  return async (name, { to, locale, path = '/forgot-password', code = '', values: more }) => {
    const language = chooseLocale([locale])
    const values = { email: to, link: config.ISSUER + path, code, ...none, ...more }
    await queue.enqueue({ to, ...render(name, values, language) })
  }
}
