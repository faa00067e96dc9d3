import { escape, translate, type Locale } from './translate.ts'

/** How a page says when something was or will be; times are ISO 8601 with a zone, and pages do not know the reader's. */
export const datesIn = (locale: Locale): Dates => (made[locale] ??= makeDates(locale))

type Dates = ReturnType<typeof makeDates>

/** The formats of a language take some milliseconds to make. */
const made: Partial<Record<Locale, Dates>> = {}

const makeDates = (locale: Locale) => {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const exact = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'long',
    timeZone: 'UTC',
  })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'long' })
  const number = new Intl.NumberFormat(locale)
  const ago = (time: string): string => {
    const seconds = (Date.parse(time) - Date.now()) / 1000
    const found = units.find(([, size]) => Math.abs(seconds) >= size)
    if (!found) return translate(locale, 'common.justNow')
    const [unit, size] = found
    return relative.format(Math.trunc(seconds / size), unit)
  }
  return {
    /** A day: `20 Nov 2026`. */
    date: (time: string): string => day.format(new Date(time)),
    /** To the second, in UTC. */
    exact: (time: string): string => exact.format(new Date(time)),
    /** `<time>`: how long ago or how soon, the exact time in its title. HTML. */
    when: (time: string): string =>
      `<time datetime="${escape(time.replace(/\.\d+Z$/, 'Z'))}" title="${escape(exact.format(new Date(time)))}">${escape(ago(time))}</time>`,
    number: (value: number): string => number.format(value),
  }
}

const units = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const
