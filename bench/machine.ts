/** What the figures were taken on. */
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { findProgram, postgresFolders } from '../test/support/servers/find.ts'
import { printTable } from './harness.ts'

const versionOf = (program: string | undefined): string =>
  program === undefined
    ? 'not installed'
    : execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().split('\n')[0]!

printTable('Machine', [
  { what: 'date', value: new Date().toISOString().slice(0, 10) },
  { what: 'processor', value: `${availableParallelism()} × ${cpus()[0]?.model.trim()}` },
  { what: 'memory', value: `${(totalmem() / 1e9).toFixed(1)} GB` },
  { what: 'system', value: `${type()} ${release()}` },
  { what: 'load before', value: loadavg()[0]!.toFixed(1) },
  { what: 'Node', value: process.version },
  { what: 'npm', value: versionOf('npm') },
  { what: 'SQLite', value: process.versions['sqlite'] ?? '' },
  { what: 'PostgreSQL', value: versionOf(findProgram(['postgres'], postgresFolders())) },
  { what: 'Redis', value: versionOf(findProgram(['redis-server', 'valkey-server'])) },
])
