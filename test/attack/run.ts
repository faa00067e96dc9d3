/**
 * `npm run test:attacks`: attacks a server as a stranger, a thief or another client would, and counts what gets through.
 * Exits non-zero when an aim is missed. `--only race,fuzz` and `--storage sqlite,mysql` choose, `--short` takes a few
 * minutes, `--seed` repeats a run; see README.md.
 */
import { parseArgs } from 'node:util'
import { chosen, storages, tryOut, withServers } from '../support/trials.ts'
import { programs } from './programs.ts'
import { createReport, format, type Report } from './report.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    storage: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const only = chosen(
  options.only,
  programs.map(({ name }) => name),
)
const wanted = chosen(options.storage, storages)

await withServers(async (isThere) => {
  console.log(`seed ${options.seed}`)
  const rows: Report['rows'] = []
  for (const program of programs.filter(({ name }) => only.has(name))) {
    const found: Report['rows'] = []
    const here = program.storages.filter((storage) => wanted.has(storage) && isThere(storage))
    for (const storage of here) {
      const report = createReport(storage)
      const seed = Number(options.seed)
      await tryOut(
        program,
        { storage, isShort: options.short },
        {
          run: (trial) => program.run({ ...trial, seed, report }),
          fail: (error) =>
            report.row({
              attack: 'the program runs to its end',
              tried: 1,
              against: [String(error)],
            }),
        },
      )
      found.push(...report.rows)
    }
    rows.push(...found)
    console.log(format(`${program.name}: ${program.title}`, found))
  }
  const failed = rows.filter(({ against }) => against.length > 0).length
  console.log(`${rows.length - failed} passed, ${failed} failed`)
  return failed > 0 || rows.length === 0 ? 1 : 0
})
