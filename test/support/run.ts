/**
 * What `npm test` runs: starts the real servers, runs ava with their addresses in the environment, stops them, and
 * ends with one line of counts. Arguments go to ava: `npm test -- test/storage/redis.test.ts --match '*consume*'`.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { startServers } from './servers.ts'
import { endWithUs } from './servers/leftovers.ts'
import { createTemplates } from './templates.ts'
import { formatTally, tally } from './tally.ts'

const compileCache = join(import.meta.dirname, '../../node_modules/.cache/compile')
const ava = join(import.meta.dirname, '../../node_modules/ava/entrypoints/cli.js')

let testing: ChildProcess | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Before ava runs there is nothing to wait for: the servers' reaper cleans up when we are gone.
    if (!testing) process.exit(128 + constants.signals[signal])
    // The terminal sends Ctrl-C to ava as well; twice would cut its report short.
    if (signal !== 'SIGINT') testing.kill('SIGINT')
  })
}

// Databases of tests are thrown away: memory is faster, where there is enough of it.
const memory = await statfs('/dev/shm').catch(() => undefined)
if (memory && memory.bavail * memory.bsize > 8 * 2 ** 30) process.env['TMPDIR'] ??= '/dev/shm'

process.exitCode = await run(process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  let servers
  try {
    servers = await startServers()
  } catch (error) {
    console.error(String(error))
    return finish('', 1)
  }
  try {
    for (const { name, install } of servers.missing) {
      console.log(`skipped: ${name} is not installed (${install})`)
    }
    if (process.env['CI'] === 'true' && servers.missing.length > 0) {
      console.error('CI=true: every server must be installed')
      return finish('', 1)
    }
    const templates = await createTemplates({
      postgres: servers.env['TEST_POSTGRES_URL'],
      mysql: servers.env['TEST_MYSQL_URL'],
    })
    // Loading files of which nothing would run takes as long as running others.
    const useless = servers.missing.map(({ only }) => `!${only}`)
    const wanted = args.length > 0 ? args : ['test/**/*.test.ts', ...useless]
    const { report, exitCode } = await runAva(wanted, { ...servers.env, ...templates.env })
    await templates.remove()
    await servers.stop()
    return finish(report, exitCode)
  } finally {
    await servers.stop()
  }
}

function runAva(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ report: string; exitCode: number }> {
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : {}
  return new Promise((resolve, reject) => {
    testing = spawn(process.execPath, [ava, ...args], {
      // Every test file is a process that loads the same modules: compiled once, they are there for all of them.
      env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...colour, ...env },
      // What tests print goes to ava's standard error; its standard output holds nothing but the report.
      stdio: ['inherit', 'pipe', 'inherit'],
    })
    endWithUs(testing, 'SIGINT')
    const chunks: Buffer[] = []
    testing.stdout?.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      process.stdout.write(chunk)
    })
    testing.once('error', reject)
    testing.once('close', (code) => {
      resolve({ report: Buffer.concat(chunks).toString('utf8'), exitCode: code ?? 1 })
    })
  })
}

function finish(report: string, exitCode: number): number {
  console.log(formatTally(tally(report, exitCode)))
  return exitCode
}
