import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

const program = join(import.meta.dirname, 'process.ts')

/** Another process of Yumen, doing one task (process.ts); killed when the test ends. */
export interface OtherProcess {
  /** Resolves to its first line; rejects when it ends without one. */
  firstLine: Promise<string>
  /** Ends it without a chance to clean up; resolves when it is gone. */
  kill(): Promise<void>
}

export function startProcess(t: ExecutionContext, ...args: string[]): OtherProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  let [output, errors] = ['', '']
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const end = output.indexOf('\n')
      if (end >= 0) resolve(output.slice(0, end))
    })
    child.once('close', () => reject(new Error(`${args.join(' ')} printed nothing: ${errors}`)))
  })
  return { firstLine, kill }
}
