/** JSON and tokens as coloured HTML, made on the server. Both escape everything that they show. */
import { escape } from './translate.ts'

/** JSON text with its keys marked. Any other text comes back escaped. */
export const highlightJson = (text: string): string =>
  text
    .split(/("(?:\\.|[^"\\])*"\s*:)/)
    .map((part, i) => (i % 2 === 1 ? `<span class="key">${escape(part)}</span>` : escape(part)))
    .join('')

/** A token whose dotted parts (of a JWT: header, payload, signature) can be told apart. */
export const highlightToken = (token: string): string =>
  token
    .split('.')
    .map((part, i) => `<span class="part-${i % 3}">${escape(part)}</span>`)
    .join('.')
