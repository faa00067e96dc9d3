import { readFileSync } from 'node:fs'
import test from 'ava'

interface Package {
  version?: string
  license?: string
  integrity?: string
  dev?: boolean
  devOptional?: boolean
  hasInstallScript?: boolean
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const docs = readFileSync('docs/supply-chain.md', 'utf8')
const lock: { name: string; packages: Record<string, Package> } = read('package-lock.json')
const packages = Object.entries(lock.packages).map(([path, one]) => ({
  ...one,
  name: path === '' ? lock.name : path.slice(path.lastIndexOf('node_modules/') + 13),
  isOurs: path === '',
  isDevelopment: one.dev === true || one.devOptional === true,
}))
const theirs = packages.filter(({ isOurs }) => !isOurs)

test('every package is pinned by its SHA-512', (t) => {
  t.true(theirs.length > 100)
  const loose = theirs.filter(({ integrity = '' }) => !integrity.startsWith('sha512-'))
  t.deepEqual(
    loose.map(({ name }) => name),
    [],
  )
})

test('every install script is listed with a reason, and allowed or denied as listed', (t) => {
  const rows = docs.matchAll(/^\| `([^`]+)` +\| (yes|no) +\| [^|]{20,} \|$/gm)
  const documented = Object.fromEntries([...rows].map(([, name, runs]) => [name, runs === 'yes']))
  const scripted = packages.filter((one) => one.hasInstallScript).map(({ name }) => name)
  t.deepEqual(Object.keys(documented).sort(), [...new Set(scripted)].sort())
  const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> }
  t.deepEqual({ ...allowScripts, [lock.name]: true }, documented)
})

/** The SPDX identifiers in a sentence of the document. */
const licencesIn = (sentence: RegExp): string[] =>
  sentence
    .exec(docs)?.[1]
    ?.match(/\w[\w.-]*[\w]/g)
    ?.filter((word) => /[A-Z0-9]/.test(word)) ?? []

test('every package has a licence that the document lists', (t) => {
  const always = licencesIn(/have one of: ([^]*?)\.\nDevelopment/)
  const inDevelopment = licencesIn(/may also have ([^]*?)\.\n/)
  t.true(always.includes('MIT') && inDevelopment.includes('MPL-2.0'))
  const isAllowed = (expression: string, allowed: readonly string[]): boolean =>
    expression
      .replaceAll(/[()]/g, '')
      .split(' OR ')
      .some((side) => side.split(' AND ').every((licence) => allowed.includes(licence)))
  const refused = theirs.filter(({ license = 'none', isDevelopment }) => {
    return !isAllowed(license, isDevelopment ? [...always, ...inDevelopment] : always)
  })
  t.deepEqual(
    refused.map(({ name, license }) => `${name} ${license}`),
    [],
  )
})
