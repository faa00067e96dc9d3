import { isMessageKey, type MessageKey } from './translate.ts'

/** The heading for an error's code; one with no words of its own gets those of its status. */
export const errorHeading = (code: string, status: number): MessageKey =>
  wordsOf('errorHeadings', code, status)

/** The sentence for an error's code; one with no words of its own gets those of its status. */
export const errorSentence = (code: string, status: number): MessageKey =>
  wordsOf('errors', code, status)

/**
 * What is wrong with a field: a code of our own rules has its sentence; the message of a schema is for developers, so the
 * field's rule is said instead.
 */
export function fieldSentence(field: string, message: string): MessageKey {
  const sentences = [`errors.${message}`, `fields.${field}`]
  return sentences.find(isMessageKey) ?? 'fields.other'
}

function wordsOf(group: 'errors' | 'errorHeadings', code: string, status: number): MessageKey {
  const key = `${group}.${code}`
  if (isMessageKey(key)) return key
  return status >= 500 ? `${group}.server_error` : `${group}.invalid_request`
}
