/** What the pages of the account centre need to be shown. */
import type { Common, Shell } from './pages.ts'
import type { Message } from './translate.ts'

type Page = Common & Shell

/** Field → what is wrong with it; `form` is about none of them. */
export type FieldErrors = Readonly<Record<string, Message | undefined>>

export type AccountPageProps = {
  /** Fields `nickname`, `username`, `phone`, `avatar_url`, `locale`. */
  account: Page & {
    profile: {
      email: string | undefined
      emailVerified: boolean
      nickname: string
      username: string
      phone: string
      avatarUrl: string
      locale: string
      createdAt: string
    }
    errors: FieldErrors
  }
}
