import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { freePort } from '../support/free-port.ts'
import { endWithUs } from '../support/servers/leftovers.ts'
import { until } from './instances.ts'

const root = join(import.meta.dirname, '../..')

/** Yumen as it runs: a process of its own, killed when the test ends. */
export interface YumenProcess {
  origin: string
  port: number
  pid: number
  /** What it has printed, on both outputs. */
  output(): string
  signal(name: NodeJS.Signals): void
  /** Resolves to its exit code; null when a signal ended it. */
  ended: Promise<number | null>
}

/** A folder that is removed when the test ends. */
export async function folderFor(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-process-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Starts `src/start.mjs`; `env` is its whole environment but for PATH and what a test wants cheap. */
export async function startYumen(
  t: Pick<ExecutionContext, 'teardown'>,
  env: Record<string, string>,
): Promise<YumenProcess> {
  const port = env['PORT'] === undefined ? await freePort() : Number(env['PORT'])
  const child = spawn(process.execPath, [join(root, 'src/start.mjs')], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      ARGON2_MEMORY_KIB: '8192',
      ARGON2_TIME_COST: '1',
      ...env,
    },
  })
  endWithUs(child, 'SIGKILL')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    origin: `http://localhost:${port}`,
    port,
    pid: child.pid!,
    output: () => output,
    signal: (name) => void child.kill(name),
    ended,
  }
}

/** Resolves when the process is ready for requests; rejects when it ends before. */
export async function untilReady(
  { origin, ended, output }: YumenProcess,
  seconds?: number,
): Promise<void> {
  let over = false
  void ended.then(() => (over = true))
  await until(async () => {
    if (over) throw new Error(`it ended: ${output()}`)
    const response = await fetch(`${origin}/health/ready`).catch(() => undefined)
    await response?.body?.cancel()
    return response?.status === 200
  }, seconds)
}
