/** The files that pages load: stylesheets, pictures and the one script, read once and named by what they hold. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { accentRules, accentTokens } from './accent.ts'

export type Asset = {
  body: string
  /** Content-Type. */
  type: string
  etag: string
  /** Whether the name carried the hash of this very body: then it may be cached forever. */
  immutable: boolean
}

export type Assets = {
  /** Path below the prefix of an asset, with its hash: `/assets/yumen.1a2b3c4d.css`. */
  path: (name: AssetName) => string
  /** An asset by its file name, with a hash or without. One from another version answers with the one at hand. */
  find: (fileName: string) => Asset | undefined
}

const types = {
  'yumen.css': 'text/css; charset=utf-8',
  'shell.css': 'text/css; charset=utf-8',
  'copy.js': 'text/javascript; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
  'mark.svg': 'image/svg+xml',
  'passkey.js': 'text/javascript; charset=utf-8',
}

type AssetName = keyof typeof types

/** Reads a file of `views/`. */
export const readView = (path: string): string =>
  readFileSync(fileURLToPath(import.meta.resolve(`#views/${path}`)), 'utf8')

/** `accent` (`#rrggbb`) colours the stylesheet and the icon of the browser's tab. */
export function createAssets(accent?: string): Assets {
  const files = new Map<string, { body: string; type: string; hash: string }>()
  for (const [name, type] of Object.entries(types)) {
    const original = name.endsWith('.css')
      ? withoutSpace(readView(`assets/${name}`))
      : readView(`assets/${name}`)
    const body = accent === undefined ? original : recolour(name, original, accent)
    files.set(name, { body, type, hash: hashOf(body) })
  }
  return {
    path: (name) => `/assets/${name.replace('.', `.${files.get(name)?.hash}.`)}`,
    find: (fileName) => {
      const [, accentOf] = /^accent-([0-9a-f]{6})\.css$/.exec(fileName) ?? []
      if (accentOf !== undefined) return accentAsset(`#${accentOf}`)
      const [, stem, hash, extension] = /^(\w+)(?:\.(\w{8}))?\.(\w+)$/.exec(fileName) ?? []
      const file = files.get(`${stem}.${extension}`)
      if (!file) return undefined
      const { body, type } = file
      return { body, type, etag: `"${file.hash}"`, immutable: hash === file.hash }
    },
  }
}

/** The colours of an app that has its own: rules that go after the stylesheet. Any colour is safe to read (`accent.ts`). */
function accentAsset(accent: string): Asset {
  const body = accentRules(accent)
  const type = types['yumen.css']
  return { body, type, etag: `"${hashOf(body)}"`, immutable: false }
}

function recolour(name: string, body: string, accent: string): string {
  if (name === 'yumen.css') return `${body}\n${accentRules(accent)}`
  if (name === 'favicon.svg') {
    const { '--accent': fill, '--on-accent': strokes } = accentTokens(accent, 'light')
    return body.replace('#0b6e4f', fill).replace('#ffffff', strokes)
  }
  return body
}

/** A stylesheet of ours without comments and without the space that is there for who writes it: a fifth of its bytes. */
const withoutSpace = (css: string): string =>
  css
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(';}', '}')
    .trim()

const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 8)
