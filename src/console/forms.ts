import type { MessageKey } from '#view/translate.ts'
import type { Field } from '#view/signed-in-pages.ts'

/** Names of fields → the last part of their label's key: `avatar_url` → `avatarUrl`. */
const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())

export const forms = {
  /** Optional lines of text, labelled `<group>.<name>`, with what they hold now. */
  texts: (
    group: string,
    names: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ): Field[] =>
    names.map((name) => ({
      kind: 'text',
      name,
      // The page's test renders every label, so a key that is not there does not stay unnoticed.
      label: `${group}.${camelCase(name)}` as MessageKey,
      value: typeof values[name] === 'string' ? values[name] : '',
      optional: true,
    })),

  /** What was typed into such lines: null where nothing was. */
  values: (
    names: readonly string[],
    fields: Readonly<Record<string, string>>,
  ): Record<string, string | null> =>
    Object.fromEntries(names.map((name) => [name, fields[name]?.trim() || null])),

  /** Lines of an area, without empty ones. */
  lines: (text: string | undefined): string[] =>
    (text ?? '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean),
}
