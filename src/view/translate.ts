/**
 * What the pages say, in English and in Simplified Chinese.
 * The sentences live in `views/locales/`; `en.json` is the list of keys, and TypeScript reads its type.
 */
import en from '#views/locales/en.json' with { type: 'json' }
import zhCN from '#views/locales/zh-CN.json' with { type: 'json' }

/** Every language that the pages speak; the first one is what an unknown reader gets. */
export const locales = ['en', 'zh-CN'] as const
export type Locale = (typeof locales)[number]

export const isLocale = (value: unknown): value is Locale =>
  locales.some((locale) => locale === value)

/** How each language calls itself, the same on every page. */
export const languageNames: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' }

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`
}[keyof T & string]

/** The dotted name of a sentence, such as `login.heading`. */
export type MessageKey = Leaves<typeof en>

/** What fills a sentence's `{name}` placeholders. */
export type Values = Record<string, string | number>

/** A sentence to show: a key, a key with its values, or free text that needs no translation. */
export type Message = MessageKey | { key: MessageKey; values?: Values } | { text: string }

/** A sentence that one language lacks does not compile. */
const chinese: typeof en = zhCN
const tables: Record<Locale, Map<string, string>> = { en: flatten(en), 'zh-CN': flatten(chinese) }

export const isMessageKey = (key: string): key is MessageKey => tables.en.has(key)

/** Plain text: escape it before it enters HTML. Throws for an unknown key or a missing value. */
export const translate = (locale: Locale, key: MessageKey, values: Values = {}): string =>
  fill(sentence(locale, key), values).join('')

/** The same as safe HTML: the sentence and its values are escaped, and each value stands in `<strong>`. */
export const translateHtml = (locale: Locale, key: MessageKey, values: Values = {}): string =>
  fill(sentence(locale, key), values)
    .map((part, index) => (index % 2 === 1 ? `<strong>${escape(part)}</strong>` : escape(part)))
    .join('')

/** A message of any of its three shapes, as plain text. */
export function describe(locale: Locale, message: Message): string {
  if (typeof message === 'string') return translate(locale, message)
  return 'text' in message ? message.text : translate(locale, message.key, message.values)
}

function sentence(locale: Locale, key: string): string {
  const found = tables[locale].get(key)
  if (found === undefined) throw new Error(`no sentence ${key} in ${locale}`)
  return found
}

/** Sentences by page; a page's sentences may be grouped once more. */
type Table = { [name: string]: string | Table }

/** All keys of a table of sentences, dotted. */
export function flatten(table: Table, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === 'string') flat.set(prefix + name, value)
    else for (const entry of flatten(value, `${prefix}${name}.`)) flat.set(...entry)
  }
  return flat
}

/**
 * The sentence in pieces: even ones are its own words, odd ones are values.
 * Chinese is written with a space beside Latin words and none beside Chinese ones, so the space around a
 * placeholder goes when the value is Chinese.
 */
function fill(sentence: string, values: Values): string[] {
  const parts = sentence.split(/\{(\w+)\}/)
  for (let i = 1; i < parts.length; i += 2) {
    const value = values[parts[i] ?? '']
    if (value === undefined) throw new Error(`no value for {${parts[i]}} in “${sentence}”`)
    parts[i] = String(value)
  }
  return parts.map((part, i) => (i % 2 === 1 ? part : tighten(part, parts[i - 1], parts[i + 1])))
}

const startsChinese = /^[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u
const endsChinese = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]$/u

function tighten(words: string, before = '', after = ''): string {
  let tight = words
  const inner = words.trim()
  if (endsChinese.test(before) && startsChinese.test(inner)) tight = tight.trimStart()
  if (startsChinese.test(after) && endsChinese.test(inner)) tight = tight.trimEnd()
  return tight
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text made safe for HTML, inside an element or a quoted attribute. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character)

/**
 * The best language for a reader, by RFC 4647 lookup: the first candidate that we speak wins, any kind of Chinese
 * reads `zh-CN`, and without a match it is `en`. Candidates are language tags, best first; quality values
 * (`zh;q=0.8`) are cut off, so order them before.
 */
export function chooseLocale(candidates: readonly string[]): Locale {
  for (const candidate of candidates) {
    const language = candidate.split(';', 1)[0]?.trim().split(/[-_]/, 1)[0]?.toLowerCase()
    if (language === 'zh') return 'zh-CN'
    if (language === 'en') return 'en'
  }
  return 'en'
}
