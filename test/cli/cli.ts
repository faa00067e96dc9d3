import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'
import { secretKey } from '../support/signing-keys.ts'

const root = join(import.meta.dirname, '../..')

export interface Outcome {
  code: number
  out: string
  err: string
}

/** Runs `yumen …` as a process of its own; `env` is its whole environment but for PATH, and `input` its standard input. */
export async function yumen(
  { input = '', ...env }: Record<string, string>,
  ...args: string[]
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, 'src/yumen.mjs'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
  })
  child.stdin.on('error', () => undefined).end(input)
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { out, err, code: code as number }
}

/** The environment of a server that keeps everything in a folder of the test. */
export async function environment(t: ExecutionContext): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-cli-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return {
    NODE_ENV: 'test',
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, 'yumen.db')}`,
    SECRET_KEY: secretKey,
  }
}
