import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Backups } from './dialect.ts'
import { createPrivately } from './node-sqlite.ts'

/** Backups of a file that servers may be writing to. `filenameOf` reads a database URL. */
export const sqliteBackups = (filenameOf: (url: string) => string): Backups => ({
  async backUp(url, target) {
    const source = filenameOf(url)
    if (!existsSync(source)) throw new Error(`There is no database at ${source}.`)
    await finished(target, (draft) => {
      createPrivately(draft)
      // A single read transaction: consistent, and no writer waits for it. (`backup()` of node:sqlite starts over whenever
      // another process writes, so under load it never ends.) SQLite requires the file to be empty or absent.
      withDatabase(source, (database) => database.prepare('VACUUM INTO ?').run(draft))
      expectSound(draft, target)
    })
  },
  async restore(file, url, verify) {
    if (!existsSync(file)) throw new Error(`There is no backup at ${file}.`)
    const target = filenameOf(url)
    for (const leftover of ['-wal', '-shm', '-journal'].map((end) => target + end))
      if (existsSync(leftover))
        throw new Error(`${leftover} belongs to another database: move it away first.`)
    mkdirSync(dirname(resolve(target)), { recursive: true, mode: 0o700 })
    await finished(target, async (draft) => {
      createPrivately(draft)
      copyFileSync(file, draft, constants.COPYFILE_FICLONE)
      expectSound(draft, file)
      await verify(`sqlite:${resolve(draft)}`)
    })
  },
})

/** Writes to a temporary file and renames it once it is complete and synced. Rejects if the target exists. */
async function finished(
  target: string,
  write: (draft: string) => void | Promise<void>,
): Promise<void> {
  const draft = `${resolve(target)}.${process.pid}.part`
  try {
    if (existsSync(target)) throw new Error(`${target} exists already: move it away first.`)
    await write(draft)
    sync(draft)
    renameSync(draft, target)
    sync(dirname(resolve(target)))
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(draft + end, { force: true })
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function expectSound(path: string, name: string): void {
  const broken = (cause?: unknown) => new Error(`${name} is damaged or not a database.`, { cause })
  let found: unknown
  try {
    found = withDatabase(path, (database) => database.prepare('PRAGMA integrity_check(1)').get())
  } catch (error) {
    throw broken(error)
  }
  if ((found as { integrity_check?: string }).integrity_check !== 'ok') throw broken()
}

function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}
