import { open, rm } from 'node:fs/promises'

/** Who was refused and why: one JSON object a line. It names people, so only its owner may read it. */
export interface Refusal {
  line: number
  /** Codes with commas between them, such as `email_taken`. */
  reason: string
  /** The e-mail, username or former id; absent when the row has none. */
  identifier?: string | undefined
}

export interface Report {
  add(refusals: readonly Refusal[]): Promise<void>
  readonly bytes: number
  /** Removes a report that says nothing. */
  close(): Promise<void>
}

/** Keeps the first `keep` bytes of what is there. */
export async function openReport(path: string, keep: number): Promise<Report> {
  const file = await open(path, 'a', 0o600)
  await file.truncate(keep)
  let bytes = keep
  return {
    get bytes() {
      return bytes
    },
    async add(refusals) {
      if (refusals.length === 0) return
      const text = Buffer.from(refusals.map((refusal) => `${JSON.stringify(refusal)}\n`).join(''))
      await file.appendFile(text)
      bytes += text.length
    },
    async close() {
      await file.close()
      if (bytes === 0) await rm(path, { force: true })
    },
  }
}
