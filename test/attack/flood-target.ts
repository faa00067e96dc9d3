import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newSecret } from '#lib/ids.ts'
import { folderFor, startYumen, untilReady, type YumenProcess } from '../flow/process.ts'
import { openDatabase, type DatabaseKind } from '../support/databases.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { callback } from '../support/start.ts'
import type { Trial } from './program.ts'
import { countRows } from './rows.ts'

/** A server in a process of its own, so that its memory is its own. */
export interface Target {
  server: YumenProcess
  inbox: Inbox
  rows(): Promise<Record<string, number>>
  /** In MB, as the kernel counts. */
  memory(): Promise<number>
}

export async function openTarget(
  { t, storage }: Trial,
  env: Record<string, string>,
): Promise<Target> {
  const folder = await folderFor(t)
  const file = join(folder, 'yumen.yaml')
  const client = { client_id: 'notes', client_secret: newSecret(), redirect_uris: [callback] }
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ clients: [client] }))
  const { url } = await openDatabase(t, storage.split('+')[0] as DatabaseKind)
  const inbox = await openInbox(t)
  const server = await startYumen(t, {
    NODE_ENV: 'test',
    DATA_DIR: folder,
    DATABASE_URL: url,
    SECRET_KEY: newSecret(48),
    SMTP_URL: inbox.url,
    CONFIG_FILE: file,
    PASSWORD_MIN_STRENGTH: '0',
    LOG_LEVEL: 'warn',
    ...(storage.endsWith('+redis')
      ? { REDIS_URL: process.env['TEST_REDIS_URL']!, REDIS_PREFIX: `flood-${newSecret(6)}:` }
      : {}),
    ...env,
  })
  await untilReady(server)
  return {
    server,
    inbox,
    rows: () => countRows(url),
    memory: async () => {
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
    },
  }
}

export const limitless = {
  REQUESTS_PER_MINUTE: '0',
  REQUESTS_PER_HOUR: '0',
  LOGIN_MAX_FAILURES: '0',
}
