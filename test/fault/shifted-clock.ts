/**
 * Loaded into a server before its own modules (`--import`): its clock runs ahead of the machine's by as many
 * milliseconds as the file FAULT_CLOCK says. Timers are not touched: they do not follow the clock of a machine either.
 */
import { readFileSync } from 'node:fs'

const file = process.env['FAULT_CLOCK']
const read = { offset: 0, at: -Infinity }

function now(): number {
  if (file !== undefined && performance.now() - read.at > 10) {
    read.offset = Number(readFileSync(file, 'utf8'))
    read.at = performance.now()
  }
  return real.now() + read.offset
}

// With a limit to the size of files, which stands for a full disk, it would end the process (`disk.ts`).
process.on('SIGXFSZ', () => undefined)

const real = Date
globalThis.Date = new Proxy(Date, {
  construct: (target, args: [] | [number]) => new target(args[0] ?? now()),
  apply: (target) => new target(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
