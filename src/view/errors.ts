import { createTranslator, type MessageKey } from './translate.ts'

const { isMessageKey } = createTranslator()

/** The heading for an error's code; one with no words of its own gets those of its status. */
export const errorHeading = (code: string, status: number): MessageKey =>
  wordsOf('errorHeadings', code, status)

/** The sentence for an error's code; one with no words of its own gets those of its status. */
export const errorSentence = (code: string, status: number): MessageKey =>
  wordsOf('errors', code, status)

function wordsOf(group: 'errors' | 'errorHeadings', code: string, status: number): MessageKey {
  const key = `${group}.${code}`
  if (isMessageKey(key)) return key
  return status >= 500 ? `${group}.server_error` : `${group}.invalid_request`
}
