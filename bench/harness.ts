/**
 * What the programs of this folder share: a Yumen in a process of its own, people who sign in, and tables. Tables go to
 * standard output, as Markdown; what is going on, to standard error.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import packageJson from '../package.json' with { type: 'json' }
import { authorize, createBrowser, relyingParty } from '../test/support/relying-party.ts'
import { endWithUs, removeFolder, temporaryFolder } from '../test/support/servers/leftovers.ts'
import { freePort } from '../test/support/free-port.ts'
import { callback, type Fixture } from '../test/support/start.ts'
import type { Answers, Question } from './inside.ts'
import { cpuMsOf } from './proc.ts'

const root = join(import.meta.dirname, '..')

/** What npm runs at `npm start`: `node` and its arguments. */
const startScript = packageJson.scripts.start.split(' ')

/** How to start a server: as the README says, or without npm. */
const commands = {
  'npm start': ['npm', 'start'],
  'without npm': [process.execPath, ...startScript.slice(1)],
} as const
export type Command = keyof typeof commands

export interface Yumen {
  issuer: string
  pid: number
  /** From the start of the command to the first 200 of /health/ready. */
  readyMs: number
  /** Processor time of the command and all below it in the same span; undefined where there is no /proc. */
  readyCpuMs: number | undefined
  /** What only the process itself can tell; for one that was started with `isWatched`. */
  ask<Name extends Question>(question: Name): Promise<Answers[Name]>
  stop(): Promise<void>
}

export interface YumenOptions {
  command?: Command
  /** Its DATA_DIR; see `withFolder`. */
  folder: string
  /** Beside what every measurement sets; undefined takes one of these away. */
  env?: Record<string, string | undefined>
  /** Loads `inside.ts` into the process, which answers `ask`. */
  isWatched?: boolean
}

const readyLimitMs = 60_000

export async function startYumen({
  command = 'without npm',
  folder,
  env = {},
  isWatched = false,
}: YumenOptions): Promise<Yumen> {
  const [program = '', ...args] = commands[command]
  const watch = isWatched ? [`--import=${join(import.meta.dirname, 'inside.ts')}`] : []
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const own = {
    DATA_DIR: folder,
    PORT: String(port),
    ISSUER: issuer,
    ADMIN_PASSWORD: administrator.password,
    // All of the load comes from one address, and from one person many times at once.
    REQUESTS_PER_MINUTE: '0',
    REQUESTS_PER_HOUR: '0',
    LOGIN_MAX_FAILURES: '0',
  }
  const started = performance.now()
  // A process group of its own, so that what npm starts ends too.
  const child = spawn(program, [...watch, ...args], {
    cwd: root,
    env: { ...newcomerEnvironment(), ...own, ...env },
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', ...(isWatched ? (['ipc'] as const) : [])],
  })
  const pid = child.pid!
  endWithUs(child, 'SIGTERM')
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  while (!(await isReady(issuer))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`)
    if (performance.now() - started > readyLimitMs) throw new Error(`${command} is not ready`)
    await sleep(5)
  }
  const readyMs = performance.now() - started
  const readyCpuMs = cpuMsOf(pid)
  return {
    issuer,
    pid,
    readyMs,
    readyCpuMs,
    async ask(question) {
      child.send(question)
      const [answer] = await once(child, 'message')
      return answer as never
    },
    async stop() {
      process.kill(-pid, 'SIGTERM')
      await ended
    },
  }
}

/** What an operator sets; the database comes on top. */
export const production = {
  NODE_ENV: 'production',
  ALLOW_INSECURE_ISSUER: 'true',
  SECRET_KEY: 'a key that only this measurement uses, 0123456789',
  ADMIN_EMAIL: 'admin@example.com',
}

/** Runs one of the operator's commands, as in `command(folder, env, 'migrate')`. */
export async function runCommand(
  folder: string,
  env: Record<string, string>,
  ...args: string[]
): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'src/yumen.mjs'), ...args], {
    cwd: root,
    env: { ...newcomerEnvironment(), DATA_DIR: folder, ISSUER: 'http://localhost', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
}

const isReady = (issuer: string): Promise<boolean> =>
  fetch(`${issuer}/health/ready`).then(
    async (response) => {
      await response.body?.cancel()
      return response.status === 200
    },
    () => false,
  )

/** Without what `npm run` adds: a newcomer's shell knows nothing of it. */
function newcomerEnvironment(): Record<string, string> {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  return {
    PATH: path.filter((folder) => !/node_modules|node-gyp-bin/.test(folder)).join(delimiter),
    HOME: process.env['HOME'] ?? '',
  }
}

/** Runs `work` with a new folder that is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder()
  try {
    return await work(folder)
  } finally {
    removeFolder(folder)
  }
}

export const administrator = {
  email: 'admin@example.com',
  password: 'correct horse battery',
  id: '',
}

export interface BenchClient {
  id: string
  secret: string
}

const clientOf = (id: string): BenchClient => ({ id, secret: `${id}-`.padEnd(40, 'x') })

/** A service with opaque tokens, one with JWTs for our API, and an application that asks for consent. */
export const clients = {
  service: clientOf('service'),
  jwtService: clientOf('jwt-service'),
  app: clientOf('app'),
}

/** The environment that declares the clients, by a file in the folder. JSON is YAML. */
export function declareClients(folder: string): Record<string, string> {
  const service = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'] }
  const api = 'https://api.example.com'
  const metadata = {
    service: service,
    'jwt-service': { ...service, default_resource: api, introspection_resources: [api] },
    app: {
      client_name: 'Acme Notes',
      redirect_uris: [callback],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  }
  const declared = {
    resources: [{ identifier: api, name: 'Acme Notes', scopes: [] }],
    clients: Object.values(clients).map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      ...metadata[id as keyof typeof metadata],
    })),
  }
  const file = join(folder, 'clients.yaml')
  writeFileSync(file, JSON.stringify(declared))
  return { CONFIG_FILE: file }
}

export interface Tokens {
  access: string
  refresh: string
}

/** People at one application; every call is a whole sign-in in a browser of its own, with consent, and its tokens. */
export async function signInWith({ issuer }: Yumen): Promise<() => Promise<Tokens>> {
  const party = await relyingParty({ issuer } as Fixture, clients.app)
  return async () => {
    const scope = 'openid profile email offline_access'
    const pending = await party.begin({ scope, prompt: 'consent' })
    const left = await authorize(createBrowser(issuer), pending.url, administrator)
    const { access_token: access, refresh_token: refresh } = await pending.redeem(left)
    return { access, refresh: refresh! }
  }
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

export const say = (line: string): void => void process.stderr.write(`${line}\n`)

export function printTable(title: string, rows: readonly Record<string, string>[]): void {
  const names = Object.keys(rows[0] ?? {})
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const align = names.map((_, index) => (index === 0 ? '---' : '---:'))
  const body = rows.map((row) => line(names.map((name) => row[name] ?? '')))
  console.log(['', `### ${title}`, '', line(names), line(align), ...body].join('\n'))
}
