/** What every storage promises of `migrate` (`src/storage/storage.ts`). */
import { readdirSync } from 'node:fs'
import type { ExecutionContext, TestFn } from 'ava'
import { AlreadyExists } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import { startProcess } from './spawn.ts'

export interface EmptyDatabase {
  url: string
  /** Opens it once more, without migrating; closed when the test ends. */
  open(): Promise<Storage>
  /** Leaves it as a process that died while it migrated left it. */
  leaveHalfMigrated(): Promise<void>
}

const all = readdirSync('migrations').sort()

export function migrationsContract(
  test: TestFn,
  openEmpty: (t: ExecutionContext) => Promise<EmptyDatabase>,
): void {
  test('migrate() runs every migration, once', async (t) => {
    const { open } = await openEmpty(t)
    const storage = await open()
    t.true(all.length > 0)
    t.deepEqual(await storage.migrate(), all)
    t.deepEqual(await storage.migrate(), [])
    t.deepEqual(await (await open()).migrate(), [])
  })

  test('pendingMigrations() names what has not run, and changes nothing', async (t) => {
    const { open } = await openEmpty(t)
    const storage = await open()
    t.deepEqual(await storage.pendingMigrations(), all)
    t.deepEqual(await storage.pendingMigrations(), all)
    await storage.migrate()
    t.deepEqual(await storage.pendingMigrations(), [])
  })

  test('ten storages may migrate an empty database at once', async (t) => {
    const { open } = await openEmpty(t)
    const storages = await Promise.all(Array.from({ length: 10 }, open))
    const ran = await Promise.all(storages.map((storage) => storage.migrate()))
    t.deepEqual(ran.flat().sort(), all)
    for (const storage of storages) t.deepEqual(await storage.pendingMigrations(), [])
  })

  test('ten processes may migrate an empty database at once', async (t) => {
    const { url, open } = await openEmpty(t)
    const processes = Array.from({ length: 10 }, () => startProcess(t, 'migrate', url))
    const lines = await Promise.all(processes.map(({ firstLine }) => firstLine))
    t.deepEqual(lines.flatMap((line): string[] => JSON.parse(line)).sort(), all)
    t.deepEqual(await (await open()).pendingMigrations(), [])
  })

  test('migrate() goes on where a process died', async (t) => {
    const { open, leaveHalfMigrated } = await openEmpty(t)
    await leaveHalfMigrated()
    const storage = await open()
    await storage.migrate()
    t.deepEqual(await storage.pendingMigrations(), [])
    await t.notThrowsAsync(storage.users.create({ id: 'a', email: 'a@example.com' }))
    await t.throwsAsync(storage.users.create({ id: 'b', email: 'A@example.com' }), {
      instanceOf: AlreadyExists,
      message: 'email is taken',
    })
  })
}
