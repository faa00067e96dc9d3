import { entryOf, type ErrorCode } from '#lib/error-catalogue.ts'
import { isMessageKey, type MessageKey } from './translate.ts'

/** The sentence for an error. A code that has none does not compile. */
export const errorSentence = (code: ErrorCode): MessageKey => `errors.${code}`

/** The heading of the page that says it; an error with none of its own gets that of its kind. */
export function errorHeading(code: ErrorCode): MessageKey {
  const key = `errorHeadings.${code}`
  if (isMessageKey(key)) return key
  return entryOf(code).status >= 500
    ? 'errorHeadings.server_error'
    : 'errorHeadings.invalid_request'
}

/**
 * What is wrong with a field: a code of our own rules has its sentence; the message of a schema is for developers, so the
 * field's rule is said instead.
 */
export function fieldSentence(field: string, message: string): MessageKey {
  const sentences = [`errors.${message}`, `fields.${field}`]
  return sentences.find(isMessageKey) ?? 'fields.other'
}
