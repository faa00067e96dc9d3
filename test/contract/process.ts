/**
 * A program that stands for another process of Yumen:
 * `process.ts migrate <url>` migrates and prints the names of what ran, as JSON;
 * `process.ts hold <url> <name>` takes the lock, prints "held" and keeps it until it is killed.
 */
import { openSqlStorage } from '#storage/sql/open.ts'

const [, , task, url = '', name = ''] = process.argv
const storage = await openSqlStorage({
  url,
  poolMax: 2,
  acquireTimeoutMs: 30_000,
  statementTimeoutMs: 30_000,
  now: Date.now,
})

if (task === 'migrate') {
  console.log(JSON.stringify(await storage.migrate()))
  await storage.close()
} else {
  await storage.withLock(name, 30_000, async () => {
    console.log('held')
    // A timer, because a promise alone does not keep a process alive; and the timer knows the promise, or the collector
    // would take it, with the lock that waits for it.
    await new Promise((resolve) => setInterval((_end: unknown) => undefined, 60_000, resolve))
  })
}
