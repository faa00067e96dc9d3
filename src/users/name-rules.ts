import { z } from 'zod'

/** What an account may be called, however it comes to be. Text is trimmed before. */
const email = z.email()

export const isEmail = (text: string): boolean =>
  text.length <= 254 && email.safeParse(text).success

/** No `@`, so that one text is never both an e-mail and a username. */
export const isUsername = (text: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9._-]{2,31}$/.test(text)

/** In characters as people see them (code points). */
export const isNickname = (text: string): boolean => Array.from(text).length <= 64
