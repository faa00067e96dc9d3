import type { WriteStream } from 'node:tty'

/** One line that is drawn again and again; nothing where no one looks. */
export interface ProgressBar {
  draw(doneBytes: number, rows: number): void
  clear(): void
}

const width = 30

export function createProgressBar(
  stream: Pick<WriteStream, 'isTTY' | 'write'>,
  totalBytes: number,
  now: () => number = performance.now.bind(performance),
): ProgressBar {
  if (!stream.isTTY) return { draw: () => undefined, clear: () => undefined }
  const started = now()
  let first: { bytes: number; rows: number } | undefined
  return {
    draw(doneBytes, rows) {
      // What an earlier run did says nothing about the speed of this one.
      first ??= { bytes: doneBytes, rows }
      const part = totalBytes === 0 ? 1 : doneBytes / totalBytes
      const seconds = (now() - started) / 1000
      const done = doneBytes - first.bytes
      const left = done > 0 ? ((totalBytes - doneBytes) / done) * seconds : undefined
      const perSecond = seconds > 0 ? Math.round((rows - first.rows) / seconds) : 0
      const bar = '#'.repeat(Math.round(part * width)).padEnd(width, '.')
      const rest = left === undefined ? '' : `, ${Math.ceil(left)} s left`
      stream.write(
        `\r[${bar}] ${Math.floor(part * 100)} %  ${rows} rows, ${perSecond}/s${rest}\u001B[K`,
      )
    },
    clear: () => void stream.write('\r\u001B[K'),
  }
}
