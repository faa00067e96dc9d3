import { createHash } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Position } from './records.ts'

/** How far an import has come, in a file beside its input, so that one that was interrupted can go on. */
export interface Progress {
  position: Position
  counts: Counts
  /** Length of the report so far. */
  reportBytes: number
}

export interface Counts {
  created: number
  present: number
  refused: number
}

export interface ProgressFile {
  /** Where an earlier run was interrupted; undefined when there was none. */
  resume: Progress | undefined
  save(progress: Progress): Promise<void>
  /** The import is complete. */
  remove(): Promise<void>
}

const schema = z.object({
  /** Of the input and the options that it was read with. */
  fingerprint: z.string(),
  position: z.object({ offset: z.int(), line: z.int() }),
  counts: z.object({ created: z.int(), present: z.int(), refused: z.int() }),
  reportBytes: z.int(),
})

/** Rejects when the progress is that of another input, or of other options. */
export async function openProgress(input: string, options: string): Promise<ProgressFile> {
  const path = `${input}.progress`
  const fingerprint = await fingerprintOf(input, options)
  const stored = await readIfThere(path)
  const parsed = stored === undefined ? undefined : schema.safeParse(parse(stored))
  if (parsed && parsed.data?.fingerprint !== fingerprint) {
    throw new Error(
      `${path} is of another file or of other options. Delete it to start again; users that were imported already stay as they are.`,
    )
  }
  return {
    resume: parsed?.data,
    async save(progress) {
      await writeFile(`${path}.new`, JSON.stringify({ ...progress, fingerprint }), { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
    remove: () => rm(path, { force: true }),
  }
}

const headBytes = 65_536

async function fingerprintOf(input: string, options: string): Promise<string> {
  const { size } = await stat(input)
  const file = await open(input)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    const hash = createHash('sha256').update(buffer.subarray(0, bytesRead))
    return hash.update(`${size} ${options}`).digest('base64url')
  } finally {
    await file.close()
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
