/**
 * The one colour that a brand may set, made safe to read. Whatever is chosen, text on it and text in it keep a
 * contrast of 4.5 : 1 in both themes (WCAG 2.2, 1.4.3); the fill of the light theme is the colour itself.
 */

/** The surfaces of `yumen.css` that coloured text stands on. A test keeps them equal to the stylesheet. */
export const surfaces = {
  light: { bg: '#f6f5f1', surface: '#ffffff' },
  dark: { bg: '#101412', surface: '#181d1a' },
} as const

type Theme = keyof typeof surfaces

/** The tokens of one theme that follow from the accent. */
type AccentTokens = {
  /** Fill of the primary button. */
  '--accent': string
  '--accent-hover': string
  /** Text on the fill. */
  '--on-accent': string
  /** Links and focus rings. */
  '--accent-text': string
  /** A faint ground for coloured text. */
  '--accent-soft': string
}

const required = 4.5

/** The tokens for an accent (`#rrggbb`) in a theme. */
export function accentTokens(accent: string, theme: Theme): AccentTokens {
  const { bg, surface } = surfaces[theme]
  const isLight = theme === 'light'
  // A black brand is white at night; lightened just enough, it would be the grey of a dead button.
  const base = !isLight && isGrey(accent) ? '#e9eeea' : accent
  const towards = isLight ? '#000000' : '#ffffff'
  const soft = mix(surface, readable(base, [bg, surface], towards), isLight ? 0.1 : 0.16)
  const text = readable(base, [bg, surface, soft], towards)
  const fill = isLight ? accent : text
  const onFill = contrast('#ffffff', fill) >= required ? '#ffffff' : '#000000'
  return {
    '--accent': fill,
    '--accent-hover': mix(fill, onFill === '#ffffff' ? '#000000' : '#ffffff', 0.14),
    '--on-accent': onFill,
    '--accent-text': text,
    '--accent-soft': soft,
  }
}

/** CSS that replaces the accent of the stylesheet; it goes after it. */
export function accentRules(accent: string): string {
  const rules = (theme: Theme): string =>
    Object.entries(accentTokens(accent, theme))
      .map(([name, value]) => `${name}:${value}`)
      .join(';')
  return `:root{${rules('light')}}\n@media (prefers-color-scheme:dark){:root{${rules('dark')}}}\n`
}

function isGrey(colour: string): boolean {
  const values = channels(colour)
  return Math.max(...values) - Math.min(...values) < 24
}

/** WCAG contrast ratio of two colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

/** The colour moved towards `towards` by as little as makes it readable on every one of the grounds. */
function readable(colour: string, grounds: string[], towards: string): string {
  for (let step = 0; step < 50; step++) {
    const candidate = mix(colour, towards, step / 50)
    if (grounds.every((ground) => contrast(candidate, ground) >= required)) return candidate
  }
  return towards
}

function mix(from: string, to: string, share: number): string {
  const target = channels(to)
  return `#${channels(from)
    .map((value, i) => Math.round(value + ((target[i] ?? 0) - value) * share))
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('')}`
}

function channels(colour: string): number[] {
  if (!/^#[\da-f]{6}$/i.test(colour)) throw new Error(`${colour} is not a colour like #0b6e4f`)
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
