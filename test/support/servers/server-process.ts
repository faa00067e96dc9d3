import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './find.ts'
import { endWithUs, launchedFile, removeFolder, temporaryFolder } from './leftovers.ts'
import { freePort } from '../free-port.ts'
import type { Certificate } from '../certificates.ts'

/** A server that answers. `stop` ends it and removes its folder; it may be called more than once. */
export interface RunningServer {
  url: string
  /** Of the process that runs now. */
  readonly pid: number
  stop(): Promise<void>
  /** Ends it with a signal and keeps its folder, for `resume`. */
  halt(signal: NodeJS.Signals): Promise<void>
  /** Starts it again where it was, on what is in its folder, and waits until it answers. */
  resume(): Promise<void>
}

export interface ServerOptions {
  /** Keeps every commit when its process is killed, which costs time; a crash of the machine is no matter here. */
  keepsCommits?: boolean
  /** Speaks TLS, with this certificate. */
  tls?: Certificate
}

export interface ServerPlan {
  name: string
  command: string
  /** Who it runs as; undefined for anyone who runs the tests. */
  account: Account | undefined
  /** What ends it quickly; its data is thrown away. */
  stopSignal: NodeJS.Signals
  /** A fixed port, to start a server where another one was; without it a free one. */
  port?: number | undefined
  /** Programs that run to their end before the server starts, in order. */
  prepare?(folder: string): Program[]
  args(folder: string, port: number): string[]
  url(port: number): string
  /** Resolves once the server answers a real question; rejects as long as it does not. */
  probe(url: string): Promise<void>
}

export interface Program {
  command: string
  args: string[]
}

const startLimitMs = 60_000
const stopLimitMs = 5000

/** Starts a server in a new temporary folder and waits until it answers. Rejects with the end of its log when it does not. */
export async function startServer(plan: ServerPlan): Promise<RunningServer> {
  const attempts = plan.port === undefined ? 3 : 1
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(plan)
    } catch (error) {
      // Someone may have taken the port between our finding it free and the server's listening on it.
      if (attempt === attempts || !/address already in use/i.test(String(error))) throw error
    }
  }
}

async function startOnce(plan: ServerPlan): Promise<RunningServer> {
  const folder = temporaryFolder()
  let server: ServerProcess | undefined
  try {
    if (plan.account) chownSync(folder, plan.account.uid, plan.account.gid)
    for (const program of plan.prepare?.(folder) ?? []) {
      const ended = await launch(plan, program, folder).ended
      if (ended !== 'exit code 0') throw new Error(`${program.command}: ${ended}`)
    }
    const port = plan.port ?? (await freePort())
    const url = plan.url(port)
    const begin = async (): Promise<ServerProcess> => {
      server = launch(plan, { command: plan.command, args: plan.args(folder, port) }, folder)
      await untilReady(server, () => plan.probe(url))
      return server
    }
    let current = await begin()
    return {
      url,
      get pid() {
        return current.child.pid ?? 0
      },
      async stop() {
        await current.stop()
        removeFolder(folder)
      },
      async halt(signal) {
        current.child.kill(signal)
        await current.ended
      },
      async resume() {
        current = await begin()
      },
    }
  } catch (error) {
    await server?.stop()
    const message = `${plan.name} did not start: ${String(error)}\n${logTail(folder)}`
    removeFolder(folder)
    throw new Error(message, { cause: error })
  }
}

/** Writes files into the server's folder, as the server's own user, who alone may read them. */
export const filesOf = (folder: string, files: Record<string, string>): Program => ({
  command: process.execPath,
  args: [
    '-e',
    'for (const [path, text] of JSON.parse(process.argv[1])) require("node:fs").writeFileSync(path, text, { mode: 0o600 })',
    JSON.stringify(Object.entries(files).map(([name, text]) => [join(folder, name), text])),
  ],
})

interface ServerProcess {
  child: ChildProcess
  /** Resolves to how it ended. */
  ended: Promise<string>
  isRunning(): boolean
  stop(): Promise<void>
}

function launch(plan: ServerPlan, { command, args }: Program, folder: string): ServerProcess {
  const log = openSync(join(folder, 'server.log'), 'a')
  // A process group of its own: Ctrl-C in the terminal reaches the test run, which then stops the servers in order.
  const script = `echo $$ >> ${launchedFile} && exec "$0" "$@"`
  const child = spawn('/bin/sh', ['-c', script, command, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    ...(plan.account && { uid: plan.account.uid, gid: plan.account.gid }),
  })
  closeSync(log)
  endWithUs(child, plan.stopSignal)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const isRunning = () =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const stop = async () => {
    if (isRunning()) child.kill(plan.stopSignal)
    if (await within(stopLimitMs, ended)) return
    child.kill('SIGKILL')
    await ended
  }
  return { child, ended, isRunning, stop }
}

async function untilReady(server: ServerProcess, probe: () => Promise<void>): Promise<void> {
  let reason: unknown
  for (const deadline = Date.now() + startLimitMs; Date.now() < deadline; await sleep(50)) {
    if (!server.isRunning()) throw new Error(await server.ended)
    try {
      await probe()
      return
    } catch (error) {
      reason = error
    }
  }
  throw new Error(`no answer in ${startLimitMs} ms (${String(reason)})`, { cause: reason })
}

async function within(ms: number, event: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  const inTime = await Promise.race([event.then(() => true), late])
  timer.abort()
  return inTime
}

function logTail(folder: string): string {
  try {
    return readFileSync(join(folder, 'server.log'), 'utf8').split('\n').slice(-25).join('\n')
  } catch {
    return '(it wrote no log)'
  }
}
