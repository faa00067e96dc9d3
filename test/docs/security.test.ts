import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { homes } from '#storage/join.ts'

/** The documents for people who must trust the server. What they claim is shown by tests and code, named by links. */
const files = [
  'docs/security.md',
  'docs/security/rfc9700.md',
  'docs/security/asvs.md',
  'docs/security/privacy.md',
  'SECURITY.md',
]

interface Definition {
  label: string
  target: string
  title: string | undefined
}

const pages = files.map((file) => {
  const text = readFileSync(file, 'utf8')
  const definitions = [...text.matchAll(/^\[([^\]]+)\]: (\S+)(?: ["'](.*)["'])?$/gm)].map(
    ([, label = '', target = '', title]): Definition => ({ label, target, title }),
  )
  const body = text.replaceAll(/^\[[^\]]+\]: .*$/gm, '')
  const links = [...body.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  /** `[flow/consent]`, `[flow/consent: a word]`. */
  const labels = [...body.matchAll(/\[([\w/-]+\/[^\]]+)\](?!\()/g)].map(([, label = '']) => label)
  return { file, body, definitions, links, labels }
})

/** The cells of every row whose table has a column "state". */
const lines = pages.flatMap(({ file, body }) =>
  body.split(/\n(?!\|)/).flatMap((block) => {
    const [head, , ...rows] = block.trim().split('\n').map(cellsOf)
    const at = head?.indexOf('state') ?? -1
    return at < 0 ? [] : rows.map((cells) => ({ file, name: cells[0]!, state: cells[at]!, cells }))
  }),
)

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1)
}

for (const { file, body, definitions, links, labels } of pages) {
  const at = (target: string): string => join(dirname(file), target.split('#')[0]!)

  test(`${file} names files that exist`, (t) => {
    const local = links.filter((target) => !/^(https?:|#)/.test(target)).map(at)
    const named = [...body.matchAll(/`((?:test|src|migrations|views)\/[\w./-]+\.\w+)`/g)]
    const targets = definitions.map(({ target }) => at(target))
    const all = [...local, ...targets, ...named.map(([, path = '']) => path)]
    t.deepEqual(
      all.filter((path) => !existsSync(path)),
      [],
    )
    t.true(all.length > 0)
  })

  test(`${file} quotes titles that its tests have`, (t) => {
    const wrong = definitions.filter(
      ({ target, title = '' }) => !readFileSync(at(target), 'utf8').includes(title),
    )
    t.deepEqual(wrong, [])
  })

  test(`${file} defines each test that it names, and names each that it defines`, (t) => {
    const defined = definitions.map(({ label }) => label)
    t.deepEqual([...new Set(labels)].toSorted(), defined.toSorted())
  })
}

test('a line says whether it holds; one that does names a test, a document or the code', (t) => {
  t.true(lines.length > 300)
  for (const { file, name, state, cells } of lines) {
    const label = `${file}: ${name} ${cells.join(' ')}`
    t.regex(state, /^(yes|partly|no|operator|app|n\/a)$/, label)
    if (state === 'yes') t.regex(cells.join(' '), /\[[^\]]+\]/, label)
    t.true(cells.at(-1)!.length > 1 || state === 'app', label)
  }
})

test('no requirement of ASVS has two lines', (t) => {
  const ids = lines.filter(({ file }) => file.endsWith('asvs.md')).map(({ name }) => name)
  t.is(new Set(ids).size, ids.length)
})

test('the inventory has every table, every model and where it lives', (t) => {
  const { body } = pages[0]!
  const migrations = readdirSync('migrations').map((name) =>
    readFileSync(`migrations/${name}`, 'utf8'),
  )
  const tables = [...migrations.join('\n').matchAll(/createTable\(knex, '(\w+)'/g)]
  t.true(tables.length > 15)
  const rows = body.split('\n').filter((row) => row.startsWith('| `'))
  const rowOf = (name: string): string[] =>
    cellsOf(rows.find((row) => cellsOf(row)[0]!.includes(`\`${name}\``)) ?? '')
  for (const [, table = ''] of tables) t.not(rowOf(table).length, 0, table)
  for (const [model, home] of Object.entries(homes))
    t.is(rowOf(model)[1], home === 'redis' ? 'R' : '', model)
})
