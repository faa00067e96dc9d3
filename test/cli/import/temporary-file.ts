import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** Writes a file in a folder of the test's own; resolves to its path. */
export async function temporaryFile(
  t: ExecutionContext,
  name: string,
  text: string | Buffer,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yumen-import-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}
