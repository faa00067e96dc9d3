import { globSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import test from 'ava'

/** The floors of the house, low to high. A file imports its own folder (`./`) or lower floors (`#folder/`). */
const floors = [
  ['lib'],
  ['config', 'storage', 'view'],
  ['http', 'mail', 'storage/sql', 'storage/redis'],
  ['wire'],
  ['federation/providers'],
  ['users', 'api-keys', 'audit', 'federation', 'factors', 'oidc'],
  ['callers', 'foreign-tokens', 'telemetry', 'wechat'],
  ['interaction', 'account', 'admin', 'console', 'demo'],
  ['operations'],
  ['compose'],
  [''],
  ['cli', 'cli/import'],
]
/** A package that only these folders may know. */
const reserved: Record<string, string[]> = {
  'oidc-provider': ['oidc', 'interaction'],
  knex: ['storage/sql'],
  pg: ['storage/sql'],
  mysql2: ['storage/sql'],
  'node:sqlite': ['storage/sql'],
  ioredis: ['storage/redis'],
  grant: ['federation'],
}

interface Import {
  file: string
  folder: string
  target: string
}

const imports: Import[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => {
    const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : ''
    const found = readFileSync(`src/${file}`, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)
    return [...found].map(([, target = '']) => ({ file, folder, target }))
  })

const floorOf = (folder: string): number => floors.findIndex((floor) => floor.includes(folder))
const offenders = (isWrong: (one: Import) => boolean): string[] =>
  imports.filter(isWrong).map(({ file, target }) => `${file} → ${target}`)

test('the sources were read and every folder has a floor', (t) => {
  t.true(imports.length > 100)
  t.deepEqual(
    [...new Set(imports.map(({ folder }) => folder))].filter((folder) => floorOf(folder) < 0),
    [],
  )
})

test('a file imports only its own folder and lower floors', (t) => {
  const isWrong = ({ folder, target }: Import): boolean => {
    if (target.startsWith('#views/')) return folder !== 'view'
    if (target.startsWith('../'))
      return folder !== 'cli/import' && !target.endsWith('/package.json')
    if (!target.startsWith('#')) return false
    const other = target.slice(1, target.lastIndexOf('/'))
    return floorOf(other) < 0 || (other !== folder && floorOf(other) >= floorOf(folder))
  }
  t.deepEqual(offenders(isWrong), [])
})

test('no files import each other in a circle, types included', (t) => {
  const next = Map.groupBy(imports, ({ file }) => file)
  const pathOf = ({ folder, target }: Import): string =>
    target.startsWith('#') ? target.slice(1) : posix.join(folder, target)
  const settled = new Set<string>()
  const circleFrom = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file]
    if (settled.has(file)) return undefined
    for (const one of next.get(file) ?? []) {
      const circle = circleFrom(pathOf(one), [...way, file])
      if (circle) return circle
    }
    settled.add(file)
    return undefined
  }
  t.deepEqual([...next.keys()].map((file) => circleFrom(file, [])).find(Boolean), undefined)
})

test('at most eight files lie outside the rooms', (t) => {
  const root = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isFile())
  t.true(root.length <= 8, root.map(({ name }) => name).join(', '))
})

test('a package is known only where it belongs', (t) => {
  t.deepEqual(
    offenders(({ folder, target }) => target in reserved && !reserved[target]!.includes(folder)),
    [],
  )
})

test('only one file knows OpenTelemetry, and it is loaded only on demand', (t) => {
  const knowing = imports.filter(({ target }) => target.startsWith('@opentelemetry/'))
  t.deepEqual([...new Set(knowing.map(({ file }) => file))], ['telemetry/tracing.ts'])
  t.deepEqual(
    offenders(
      ({ folder, target }) =>
        target === '#telemetry/tracing.ts' || (folder === 'telemetry' && target === './tracing.ts'),
    ),
    [],
  )
})

test('only the configuration reads the environment', (t) => {
  const files = [...new Set(imports.map(({ file }) => file))]
  const reading = files.filter((file) =>
    /process\.env|\bstdenv\b/.test(readFileSync(`src/${file}`, 'utf8')),
  )
  t.deepEqual(
    reading.filter((file) => !file.startsWith('config/')),
    [],
  )
})

test('the request’s context stays in http, in routes and in the engine’s hooks', (t) => {
  const plain = imports.filter(({ folder }) =>
    ['lib', 'config', 'storage', 'users', 'view'].includes(folder),
  )
  const naming = plain.filter(({ target }) => target === 'koa' || target === '#http/context.ts')
  t.deepEqual(
    naming.map(({ file }) => file),
    [],
  )
})

test('the map names files and folders that are there', (t) => {
  const map = readFileSync('docs/architecture.md', 'utf8')
  const named = [...map.matchAll(/`([\w][\w/*.-]*\/[\w.*-]+|[\w-]+\.ts)`/g)].map(
    ([, name = '']) => name,
  )
  t.true(named.length > 30)
  t.deepEqual(
    named.filter((name) => [`src/${name}`, name].every((path) => globSync(path).length === 0)),
    [],
  )
  const rooms = [...new Set(imports.map(({ folder }) => folder.split('/')[0]!))]
  t.deepEqual(
    rooms.filter((room) => room !== '' && room !== 'cli' && !map.includes(`\`${room}\``)),
    [],
  )
})
