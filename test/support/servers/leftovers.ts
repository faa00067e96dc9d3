import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** One line to the reaper. A process with a signal was started, without one has ended; a folder exists or does not. */
export type Notice =
  { pid: number; signal: NodeJS.Signals } | { pid: number } | { folder: string; exists: boolean }

/** Where a process writes its id, before it does anything else, in the folder that it runs in. */
export const launchedFile = 'launched'

/** Sees to it that the process does not outlive ours, however ours ends. `signal` is what ends it in order. */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child
  if (pid === undefined) return
  tellReaper({ pid, signal })
  child.once('exit', () => tellReaper({ pid }))
}

/** A new temporary folder that does not outlive our process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-test-'))
  tellReaper({ folder, exists: true })
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  tellReaper({ folder, exists: false })
}

let reaper: Writable | undefined

function tellReaper(notice: Notice): void {
  reaper ??= startReaper()
  reaper.write(`${JSON.stringify(notice)}\n`)
}

function startReaper(): Writable {
  const program = fileURLToPath(import.meta.resolve('./reaper.ts'))
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  // The reaper is a safety net: its absence must not fail a run.
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  // Neither the process nor the pipe may keep ours alive.
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  return child.stdin
}
