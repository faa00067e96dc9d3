import { Command, InvalidArgumentError } from 'commander'
import { basename, extname } from 'node:path'
import { administratorRole } from '#storage/users.ts'
import { createProgressBar } from './import/progress-bar.ts'
import type { Format } from './import/records.ts'
import { rowFields } from './import/row.ts'
import { importUsers, type Import, type ImportParts, type ImportResult } from './import/run.ts'
import { dryTarget, storageTarget } from './import/target.ts'
import { printFacts } from './print.ts'
import { record } from './record.ts'
import { withServices, type CommandParts } from './with-services.ts'

interface Options {
  format?: string
  dryRun?: boolean
  batch: number
  report?: string
  map: ReadonlyMap<string, string>
}

/** `user import FILE`: people of another system, with their passwords. Exit 0 when no one was refused. */
export const userImportCommand = (): Command =>
  new Command('import')
    .description('import users from a file; see docs/migrate.md')
    .argument('<file>', 'JSON lines, or CSV with a first line of column names')
    .option('--format <format>', 'jsonl or csv (default: by the file extension)')
    .option('--dry-run', 'only say what would be done')
    .option('--batch <rows>', 'rows per transaction', wholeNumber, 1000)
    .option('--report <file>', 'report of refused rows (default: FILE.refused.jsonl)')
    .option(
      '--map <new=old...>',
      'rename a field of the file; "new=" leaves a field out',
      addMapping,
      new Map(),
    )
    .action((path: string, options: Options) =>
      withServices((parts) => runImport(parts, path, options)),
    )

async function runImport(parts: CommandParts, path: string, options: Options): Promise<void> {
  const { dryRun = false, batch, map, report = `${path}.refused.jsonl` } = options
  const given: Import = {
    path,
    format: formatOf(path, options.format),
    map,
    batch,
    dryRun,
    reportPath: report,
  }
  const started = performance.now()
  let before = 0
  const { onBegin, onBatch, clear } = watch(parts, given)
  const result = await importUsers(given, {
    target: (dryRun ? dryTarget : storageTarget)(parts.storage.users),
    context: { roles: await knownRoles(parts), now: parts.now() },
    onBatch,
    onBegin(about) {
      before = about.resumed ? total(about.resumed.counts) : 0
      onBegin(about)
    },
  }).finally(clear)
  const seconds = (performance.now() - started) / 1000
  printSummary(result, { dryRun, report, seconds, rows: total(result) - before })
  if (result.refused > 0) process.exitCode = 1
}

const total = ({
  created,
  present,
  refused,
}: Pick<ImportResult, 'created' | 'present' | 'refused'>) => created + present + refused

/** What is seen of an import while it runs, and what stays of it in the audit log. */
function watch(
  { storage }: CommandParts,
  { path, dryRun }: Import,
): Pick<ImportParts, 'onBegin' | 'onBatch'> & { clear(): void } {
  let bar = createProgressBar({ isTTY: false, write: () => false }, 0)
  return {
    onBegin({ size, resumed }) {
      bar = createProgressBar(process.stderr, size)
      if (resumed)
        console.error(`Going on at line ${resumed.position.line}, where it was interrupted.`)
      bar.draw(resumed?.position.offset ?? 0, resumed ? total(resumed.counts) : 0)
    },
    async onBatch({ created, present, refused, userIds }, { counts, position }) {
      bar.draw(position.offset, total(counts))
      if (dryRun || created === 0) return
      const file = basename(path)
      const details = { file, created, present, refused }
      await record(storage, { type: 'user.imported', details })
      const about = { type: 'user.registered', details: { file } } as const
      await record(storage, ...userIds.map((id) => ({ ...about, target: `user:${id}` })))
    },
    clear: () => bar.clear(),
  }
}

async function knownRoles({ storage }: CommandParts): Promise<Set<string>> {
  return new Set([administratorRole, ...(await storage.roles.list()).map(({ name }) => name)])
}

function printSummary(
  { created, present, refused, ignored, hasReport }: ImportResult,
  about: { dryRun: boolean; report: string; seconds: number; rows: number },
): void {
  const perSecond = Math.round(about.rows / Math.max(about.seconds, 0.001))
  printFacts({
    [about.dryRun ? 'would be created' : 'created']: created,
    'already there': present,
    refused: hasReport ? `${refused}  (why: ${about.report})` : refused,
    'ignored fields': ignored.length > 0 ? ignored.join(', ') : undefined,
    took: `${about.seconds.toFixed(1)} s, ${perSecond} rows/s`,
  })
}

function formatOf(path: string, format = extname(path).slice(1).toLowerCase()): Format {
  if (format === 'csv') return 'csv'
  if (['jsonl', 'ndjson', 'json'].includes(format)) return 'jsonl'
  throw new Error('Say what the file is: --format jsonl or --format csv.')
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It must be from 1 to 99999.')
  return Number(text)
}

function addMapping(text: string, map: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, field = '', name = ''] = /^(\w+)=(.*)$/s.exec(text) ?? []
  if (!rowFields.includes(field))
    throw new InvalidArgumentError(
      `It must be new=old, where new is one of ${rowFields.join(', ')}.`,
    )
  return new Map([...map, [field, name]])
}
