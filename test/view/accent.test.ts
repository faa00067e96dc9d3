import { readFileSync } from 'node:fs'
import test from 'ava'
import { accentRules, accentTokens, contrast, surfaces } from '#view/accent.ts'

const themes = ['light', 'dark'] as const
const css = readFileSync('views/assets/yumen.css', 'utf8')

for (const accent of [
  '#0b6e4f',
  '#ffcc00',
  '#000000',
  '#ffffff',
  '#777777',
  '#e11d48',
  '#1d4ed8',
  '#00ff88',
]) {
  for (const theme of themes) {
    test(`accent ${accent} is readable in the ${theme} theme`, (t) => {
      const tokens = accentTokens(accent, theme)
      const text = tokens['--accent-text']
      for (const ground of [...Object.values(surfaces[theme]), tokens['--accent-soft']]) {
        t.true(contrast(text, ground) >= 4.5, `${text} on ${ground}`)
      }
      for (const fill of [tokens['--accent'], tokens['--accent-hover']]) {
        t.true(contrast(tokens['--on-accent'], fill) >= 4.5, `${tokens['--on-accent']} on ${fill}`)
      }
    })
  }
}

test('the fill of the light theme is the accent itself', (t) => {
  t.is(accentTokens('#ffcc00', 'light')['--accent'], '#ffcc00')
})

test('contrast() knows the extremes', (t) => {
  t.is(contrast('#000000', '#ffffff'), 21)
  t.is(contrast('#777777', '#777777'), 1)
})

test('accentRules() refuses what is not a colour', (t) => {
  t.throws(() => accentRules('red;}*{display:none'), { message: /is not a colour/ })
})

const rules = [...css.matchAll(/(:root|\.demo) \{([^}]*--bg[^}]*)\}/g)]
const tokensOf = (selector: string): Record<string, string>[] =>
  rules
    .filter(([, name]) => name === selector)
    .map(([, , body = '']) =>
      Object.fromEntries(
        [...body.matchAll(/(--[\w-]+): (#[\da-f]{6});/g)].map(([, name, value]) => [name, value]),
      ),
    )

const [light = {}, dark = {}] = tokensOf(':root')
const [demoLight = {}, demoDark = {}] = tokensOf('.demo')
const palettes = {
  light,
  dark,
  'light demo': { ...light, ...demoLight },
  'dark demo': { ...dark, ...demoDark },
}

for (const [name, palette] of Object.entries(palettes)) {
  const check = (front: string, ground: string, ratio: number): string | undefined =>
    contrast(palette[front] ?? '', palette[ground] ?? '') >= ratio
      ? undefined
      : `${front} on ${ground}`

  test(`the ${name} palette of the stylesheet is readable`, (t) => {
    const grounds = ['--bg', '--surface', '--sunken']
    const failures = [
      ...grounds.flatMap((ground) =>
        ['--text', '--muted', '--accent-text', '--danger', '--warn', '--ok'].map((front) =>
          check(front, ground, 4.5),
        ),
      ),
      ...grounds.map((ground) => check('--edge', ground, 3)),
      ...['danger', 'warn', 'ok'].map((state) => check(`--${state}`, `--${state}-soft`, 4.5)),
      check('--text', '--tile', 4.5),
      check('--accent-text', '--accent-soft', 4.5),
      check('--on-accent', '--accent', 4.5),
      check('--on-accent', '--accent-hover', 4.5),
    ]
    t.deepEqual(failures.filter(Boolean), [])
  })
}

test('the surfaces of the accent are those of the stylesheet', (t) => {
  t.like(light, { '--bg': surfaces.light.bg, '--surface': surfaces.light.surface })
  t.like(dark, { '--bg': surfaces.dark.bg, '--surface': surfaces.dark.surface })
})
