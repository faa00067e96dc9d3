import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import type { PageName } from '#view/pages.ts'
import { createView } from '#view/render.ts'
import { locales, type Locale } from '#view/translate.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { otherFaces, samples } from '../view/samples.ts'

/** Every page that there is, with every part that it can have, as Chromium shows it. */
const view = createView({ brand: { name: 'Yumen' }, basePath: '', development: true })
const origin = 'http://yumen.example'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Answers for the server: pages as the templates make them, and the files that they load. */
async function serve(page: Page, html: () => string): Promise<void> {
  await page.route('**/*', async (route) => {
    const url = new URL(route.request().url())
    if (url.origin !== origin) return route.abort()
    const asset = url.pathname.startsWith('/assets/')
      ? view.asset(url.pathname.slice('/assets/'.length))
      : undefined
    return asset
      ? route.fulfill({ body: asset.body, contentType: asset.type })
      : route.fulfill({ body: html(), contentType: 'text/html; charset=utf-8' })
  })
}

function faces(text: string, locale: Locale): { name: string; html: string }[] {
  const address = 'https://acme.example/a'
  const all = samples(text, address)
  const others = otherFaces(text, address)
  return (Object.keys(all) as PageName[]).flatMap((name) =>
    [all[name], ...(others[name] ?? [])].map((props, index) => ({
      name: `${name} ${index}`,
      html: view.render(name, props as never, locale),
    })),
  )
}

inChromium('axe finds nothing serious on any page, in either theme and language', async (t) => {
  t.timeout(300_000)
  const browser = await openChromium(t, { reducedMotion: 'reduce' })
  const page = await browser.newPage()
  let html = ''
  await serve(page, () => html)
  const serious: string[] = []
  for (const locale of locales) {
    for (const face of faces('Acme', locale)) {
      html = face.html
      await page.emulateMedia({ colorScheme: 'light' })
      await page.goto(`${origin}/`)
      await page.evaluate(axe)
      // The themes differ in colours alone.
      for (const [colorScheme, rules] of [
        ['light', ''],
        ['dark', '{ runOnly: ["color-contrast"] }'],
      ] as const) {
        await page.emulateMedia({ colorScheme })
        const { violations } = await page.evaluate<AxeResults>(`axe.run(${rules})`)
        for (const { id, impact, nodes } of violations)
          if (impact === 'serious' || impact === 'critical')
            serious.push(`${face.name} ${locale} ${colorScheme}: ${id} ${nodes[0]?.html}`)
      }
    }
  }
  t.deepEqual(serious, [])
})

const long = {
  en: 'wei.zhang.with.a.rather.long.address@mail.example.com',
  'zh-CN': '一个相当长的中文名称用来检查页面的布局会不会被撑破以及换行是否正确',
}

/** A wide one, and one whose Latin letters come with the Chinese; a machine with neither shows its own. */
const fontFolders = ['/usr/share/fonts/truetype/dejavu', '/usr/share/fonts/opentype/noto'].filter(
  (folder) => existsSync(folder),
)

for (const fonts of fontFolders.length > 0 ? fontFolders : [undefined]) {
  const title = `long names, addresses and Chinese titles break no layout at any width (fonts: ${fonts ?? 'any'})`
  inChromium(title, async (t) => {
    t.timeout(300_000)
    const browser = await openChromium(t, fonts === undefined ? {} : { fonts })
    const page = await browser.newPage()
    let html = ''
    await serve(page, () => html)
    const wide: string[] = []
    for (const locale of locales) {
      for (const face of faces(long[locale], locale)) {
        html = face.html
        await page.goto(`${origin}/`)
        for (const width of [375, 768, 1280]) {
          await page.setViewportSize({ width, height: 800 })
          const excess = await page.evaluate<number>(
            'document.documentElement.scrollWidth - window.innerWidth',
          )
          if (excess > 0) wide.push(`${face.name} ${locale} ${width}: ${excess} px`)
        }
      }
    }
    t.deepEqual(wide, [])
  })
}
