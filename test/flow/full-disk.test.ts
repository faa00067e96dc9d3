import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { start } from '../support/start.ts'
import { until } from './instances.ts'

/** A file system of 8 MB, gone when the tests end; undefined where we may not mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
  test.after.always(() => {
    execFileSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}

const disk = smallDisk()
const title =
  'with a full disk a server is not ready, says so, and is ready again when there is room'

if (disk === undefined) test.skip(`${title} (needs the right to mount a disk)`, () => {})
else test(title, (t) => fillAndEmpty(t, disk))

async function fillAndEmpty(t: ExecutionContext, disk: string): Promise<void> {
  const { issuer } = await start(t, { env: { DATABASE_URL: `sqlite:${join(disk, 'yumen.db')}` } })
  const ready = async () => {
    const answer = await fetch(`${issuer}/health/ready`)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  t.is((await ready()).status, 200)

  const ballast = join(disk, 'ballast')
  await t.throwsAsync(writeFile(ballast, Buffer.alloc(16_000_000)), { code: 'ENOSPC' })
  await until(async () => (await ready()).status === 503)
  t.like((await ready()).body, {
    status: 'unavailable',
    parts: { database: true, writes: false, migrations: true },
    reasons: { writes: 'full' },
  })
  const registration = await fetch(`${issuer}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'wei@example.com', password: 'correct horse battery 42' }),
  })
  t.is(registration.status, 503)

  await rm(ballast)
  await until(async () => (await ready()).status === 200)
}
