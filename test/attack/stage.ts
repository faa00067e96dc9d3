import { startYumen, untilReady } from '../flow/process.ts'
import { portOf } from '../flow/instances.ts'
import type { DatabaseKind } from '../support/databases.ts'
import { freePort } from '../support/free-port.ts'
import { openInbox, type Inbox } from '../support/inbox.ts'
import { start, type Fixture, type StartOptions } from '../support/start.ts'
import type { StorageName } from '../support/trials.ts'
import type { Trial } from './program.ts'

/** A server under attack. */
export interface Stage {
  fixture: Fixture
  inbox: Inbox
  /** Where to reach each process that serves the issuer: one on SQLite, otherwise two. */
  doors: string[]
}

/** Limits are off: they would end most attacks early, and are attacked themselves in `floods`. */
const unlimited = {
  LOGIN_MAX_FAILURES: '0',
  MAILS_PER_HOUR: '1000',
  MAILS_PER_ADDRESS_PER_HOUR: '1000000',
  // The judge of passwords takes long to load.
  PASSWORD_MIN_STRENGTH: '0',
}

export const optionsOf = (storage: StorageName): StartOptions => ({
  database: storage.split('+')[0] as DatabaseKind,
  redis: storage.endsWith('+redis'),
})

/** One server, in this process. */
export async function openStage(
  { t, storage }: Pick<Trial, 't' | 'storage'>,
  env: Record<string, string> = {},
): Promise<Stage> {
  const inbox = await openInbox(t)
  const fixture = await start(t, {
    ...optionsOf(storage),
    env: { SMTP_URL: inbox.url, ...unlimited, ...env },
  })
  return { fixture, inbox, doors: [portOf(fixture)] }
}

/** And a second one, a process of its own on the same storage, where a storage can be shared. */
export async function openTwo(trial: Trial, env: Record<string, string> = {}): Promise<Stage> {
  const stage = await openStage(trial, env)
  if (trial.storage === 'sqlite') return stage
  const { fixture, inbox } = stage
  const shared = (fixture as Fixture & { env: Record<string, string> }).env
  const second = await startYumen(trial.t, {
    ...shared,
    SMTP_URL: inbox.url,
    ...unlimited,
    ...env,
    PORT: String(await freePort()),
  })
  await untilReady(second)
  return { ...stage, doors: [...stage.doors, second.origin] }
}
