import type { ReceivedMail } from './inbox.ts'

/** The six digits of a mail as they stand there, such as `482 913`. */
export const codeIn = ({ text }: Pick<ReceivedMail, 'text'>): string =>
  /^(\d{3} \d{3})\r?$/m.exec(text)?.[1] ?? ''

/** Six digits that are not the code. */
export const otherThan = (code: string, by = 1): string =>
  String((Number(code.replace(' ', '')) + by) % 1_000_000).padStart(6, '0')
