/**
 * A small process of its own that outlives a test run which ends in any way, SIGKILL included: when its standard input
 * closes, it ends the processes and removes the folders that the run has not taken back.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchedFile } from './leftovers.ts'
import type { Notice } from './leftovers.ts'

const processes = new Map<number, NodeJS.Signals>()
const ended = new Set<number>()
const folders = new Set<string>()

for await (const line of createInterface({ input: process.stdin })) {
  const notice: Notice = JSON.parse(line)
  if ('signal' in notice) {
    processes.set(notice.pid, notice.signal)
    ended.delete(notice.pid)
  } else if ('pid' in notice) {
    processes.delete(notice.pid)
    ended.add(notice.pid)
  } else if (notice.exists) folders.add(notice.folder)
  else folders.delete(notice.folder)
}

// The run may have died between starting a process and telling us; the process itself wrote its id into its folder.
await sleep(200)
for (const pid of [...folders].flatMap(launchedIn)) {
  if (!processes.has(pid) && !ended.has(pid)) processes.set(pid, 'SIGTERM')
}

for (const [pid, signal] of processes) send(pid, signal)
for (let waited = 0; waited < 3000 && [...processes.keys()].some(isAlive); waited += 50) {
  await sleep(50)
}
for (const pid of processes.keys()) send(pid, 'SIGKILL')
for (const folder of folders) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}

function launchedIn(folder: string): number[] {
  try {
    return readFileSync(join(folder, launchedFile), 'utf8').trim().split('\n').map(Number)
  } catch {
    return []
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended, which is what we want.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
