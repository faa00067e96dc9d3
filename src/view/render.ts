/**
 * Pages for people: a template of `views/` and its props in, HTML out. No inline script or style; every value is
 * escaped; addresses that others chose (logos, policies) are kept only when they are http(s).
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { type Asset, type Assets, createAssets, readView } from './assets.ts'
import { drawColumns, shares } from './chart.ts'
import { datesIn } from './dates.ts'
import { highlightJson, highlightToken } from './code.ts'
import { readEngineForm } from './engine-form.ts'
import type { PageName, PageProps } from './pages.ts'
import { sections } from './signed-in-pages.ts'
import {
  describe,
  escape,
  isMessageKey,
  languageNames,
  type Locale,
  locales,
  type Message,
  type MessageKey,
  translate,
  translateHtml,
  type Values,
} from './translate.ts'

type Brand = {
  name: string
  /** `#rrggbb`; contrast is taken care of. */
  accent?: string | undefined
  /** https address, or a path on this server. */
  logoUrl?: string | undefined
}

export type View = {
  render: <P extends PageName>(page: P, props: PageProps[P], locale: Locale) => string
  stylesheet: { href: string; body: string; etag: string }
  /** A file by the last part of its address below `{basePath}/assets/`. */
  asset: (name: string) => Asset | undefined
}

export type ViewSettings = {
  brand: Brand
  /** Path prefix of the server: empty, or like `/id`. */
  basePath: string
  /** The start page says more in development. */
  development: boolean
}

/** Reads and compiles everything once; throws when a template is broken. */
export function createView({ brand, basePath, development }: ViewSettings): View {
  const assets = createAssets(brand.accent)
  const common = (locale: Locale): object => ({
    ...wordsIn(locale, brand.name),
    ...tools,
    ...datesIn(locale),
    sections,
    basePath,
    development,
    logo: brand.logoUrl !== undefined && ownOrWeb(brand.logoUrl),
    stylesheet: basePath + assets.path('yumen.css'),
    shellStylesheet: basePath + assets.path('shell.css'),
    copyScript: basePath + assets.path('copy.js'),
    favicon: basePath + assets.path('favicon.svg'),
    passkeyScript: basePath + assets.path('passkey.js'),
  })
  const perLocale = { en: common('en'), 'zh-CN': common('zh-CN') }
  return {
    render: (page, props, locale) =>
      templates.render(`@pages/${page}`, { ...perLocale[locale], page, ...props }),
    stylesheet: stylesheetOf(assets, basePath),
    asset: assets.find,
  }
}

/** Every template below `views/`, compiled under its path: `@pages/login`, `@parts/field`, `@layout`. */
function compileTemplates(): Eta {
  const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'] })
  const root = fileURLToPath(import.meta.resolve('#views/layout.eta')).slice(
    0,
    -'layout.eta'.length,
  )
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.eta') || file.startsWith('mail')) continue
    eta.loadTemplate(`@${file.slice(0, -'.eta'.length)}`, readView(file))
  }
  return eta
}

/** What a template says: sentences, and the brand's name, which has a Chinese form when it is our own. */
function wordsIn(locale: Locale, brandName: string): object {
  const brand = brandName === 'Yumen' ? translate(locale, 'common.brand') : brandName
  return {
    locale,
    locales,
    languageNames,
    brand,
    t: (key: MessageKey, values?: Values) => translate(locale, key, { brand, ...values }),
    tHtml: (key: MessageKey, values?: Values) => translateHtml(locale, key, { brand, ...values }),
    hasWords: (key: string) => isMessageKey(key),
    say: (message: Message) => describe(locale, message),
  }
}

const templates = compileTemplates()

const tools = {
  accentHref,
  escape,
  escapeText,
  web,
  initial,
  readEngineForm,
  highlightJson,
  highlightToken,
  drawColumns,
  shares,
  icon: readIcons(),
}

/** Text made safe between tags, where quotes may stay as they are: JSON is half as long again with them escaped. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** An address as it may stand in `href` or `src`: http(s) only, else undefined. */
function web(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined
  const { protocol, href } = new URL(address)
  return protocol === 'https:' || protocol === 'http:' ? href : undefined
}

const ownOrWeb = (address: string): string | undefined =>
  /^\/(?!\/)/.test(address) ? address : web(address)

/** Path of the colours of an app, `#rrggbb`; undefined for anything else. */
function accentHref(accent: string | undefined): string | undefined {
  return /^#[0-9a-f]{6}$/i.test(accent ?? '')
    ? `/assets/accent-${accent!.slice(1).toLowerCase()}.css`
    : undefined
}

/** The first letter of a name, as a person sees letters. */
function initial(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim())
  return first?.segment.toLocaleUpperCase() ?? '?'
}

/** The SVG of an icon by its name, `views/icons/<name>.svg`; our own files, so they go into pages as they are. */
function readIcons(): (name: string) => string {
  const folder = fileURLToPath(import.meta.resolve('#views/icons/check.svg')).slice(
    0,
    -'check.svg'.length,
  )
  const icons = new Map(
    readdirSync(folder).map((file) => [
      file.slice(0, -'.svg'.length),
      readView(`icons/${file}`).trim(),
    ]),
  )
  icons.set('mark', readView('assets/mark.svg').trim())
  return (name) => {
    const svg = icons.get(name)
    if (svg === undefined) throw new Error(`no icon ${name}`)
    return svg
  }
}

function stylesheetOf(assets: Assets, basePath: string): View['stylesheet'] {
  const path = assets.path('yumen.css')
  const { body = '', etag = '' } = assets.find('yumen.css') ?? {}
  return { href: basePath + path, body, etag }
}
