import test from 'ava'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { folderFor, startYumen, untilReady } from './process.ts'

test('the first start without any setting makes a secret and an administrator, and says so once', async (t) => {
  const folder = await folderFor(t)
  const first = await startYumen(t, { DATA_DIR: folder })
  await untilReady(first)
  const password = /Password +(\S+) +\(shown once\)/.exec(first.output())?.[1]
  t.truthy(password)
  t.regex(first.output(), /Sign in as +admin@example\.com/)
  const secretFile = join(folder, 'secret-key')
  t.is((await stat(secretFile)).mode & 0o777, 0o600)
  const secret = await readFile(secretFile, 'utf8')
  t.false(first.output().includes(secret))
  first.signal('SIGTERM')
  t.is(await first.ended, 0)

  const second = await startYumen(t, { DATA_DIR: folder })
  await untilReady(second)
  t.notRegex(second.output(), /shown once/)
  t.is(await readFile(secretFile, 'utf8'), secret)
})

test('several processes that start at once on one empty folder share one secret and one administrator', async (t) => {
  const folder = await folderFor(t)
  const processes = await Promise.all([0, 1, 2].map(() => startYumen(t, { DATA_DIR: folder })))
  await Promise.all(processes.map((one) => untilReady(one)))
  const jwks = await Promise.all(
    processes.map(async ({ origin }) => (await fetch(`${origin}/oauth/jwks`)).text()),
  )
  t.is(new Set(jwks).size, 1)
  t.is(processes.filter((one) => one.output().includes('(shown once)')).length, 1)
})

test('a wrong setting stops the process with 78 and one sentence for each', async (t) => {
  const yumen = await startYumen(t, { NODE_ENV: 'production', PORT: '70000', LOG_LEVEL: 'loud' })
  t.is(await yumen.ended, 78)
  t.regex(yumen.output(), /^PORT must be a whole number from 0 to 65535, not "70000"\.$/m)
  t.regex(yumen.output(), /^LOG_LEVEL must be one of /m)
  t.notRegex(yumen.output(), /at .*\.ts:/)
})

test('a port that is taken stops the process with 1 and says so', async (t) => {
  const folder = await folderFor(t)
  const first = await startYumen(t, { DATA_DIR: folder })
  await untilReady(first)
  const second = await startYumen(t, { DATA_DIR: folder, PORT: String(first.port) })
  t.is(await second.ended, 1)
  t.regex(second.output(), /EADDRINUSE/)
})
