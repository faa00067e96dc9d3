import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'

/** What stands in a template between its tags, without what the template computes. */
const wordsIn = (template: string): string =>
  template
    .replaceAll(/<%[^]*?%>/g, ' ')
    .replaceAll(/<!doctype html>/gi, ' ')
    .replaceAll(/<(style)[^]*?<\/\1>/g, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&\w+;/g, ' ')

/** Attributes that a person reads or hears. */
const spoken = /\s(?:title|alt|placeholder|aria-label)="([^"]*)"/g

test('no template has words of its own: they all come from the locale files', (t) => {
  const files = readdirSync('views', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.eta'),
  )
  t.true(files.length > 25)
  for (const file of files) {
    const template = readFileSync(`views/${file}`, 'utf8')
    t.notRegex(wordsIn(template), /\p{L}/u, file)
    const bare = template.replaceAll(/<%[^]*?%>/g, '')
    for (const [, said = ''] of bare.matchAll(spoken)) t.notRegex(said, /\p{L}/u, file)
  }
})
