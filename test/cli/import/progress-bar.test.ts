import test from 'ava'
import { createProgressBar } from '../../../src/cli/import/progress-bar.ts'

test('a progress bar is one line on a terminal, and nothing elsewhere', (t) => {
  const written: string[] = []
  const stream = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) > 0 })
  let time = 0
  const bar = createProgressBar(stream(true), 1000, () => time)
  bar.draw(0, 0)
  time = 2000
  bar.draw(500, 50)
  bar.clear()
  t.is(written[1], `\r[${'#'.repeat(15)}${'.'.repeat(15)}] 50 %  50 rows, 25/s, 2 s left\u001B[K`)
  t.is(written[2], '\r\u001B[K')
  createProgressBar(stream(false), 1000).draw(500, 50)
  t.is(written.length, 3)
})
