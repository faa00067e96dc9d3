/**
 * Time from the command to the first 200 of /health/ready, with SQLite and default settings: on a new data folder
 * (which makes keys and an administrator) and on the same one again. Median of seven.
 */
import {
  median,
  printTable,
  say,
  startYumen,
  withFolder,
  type Command,
  type Yumen,
} from './harness.ts'

const rounds = 7

const starts: Record<string, Yumen[]> = {}
for (let round = 1; round <= rounds; round++) {
  for (const command of ['npm start', 'without npm'] as const) {
    await withFolder(async (folder) => {
      await note(command, 'new data folder', folder)
      await note(command, 'existing data folder', folder)
    })
  }
}

async function note(command: Command, data: string, folder: string): Promise<void> {
  const yumen = await startYumen({ command, folder })
  await yumen.stop()
  say(`${command}, ${data}: ${yumen.readyMs.toFixed()} ms`)
  ;(starts[`${command}, ${data}`] ??= []).push(yumen)
}

printTable(
  'Start-up',
  Object.entries(starts).map(([name, all]) => {
    const times = all.map(({ readyMs }) => readyMs)
    return {
      command: name,
      'ready after': `${median(times).toFixed()} ms`,
      fastest: `${Math.min(...times).toFixed()} ms`,
      slowest: `${Math.max(...times).toFixed()} ms`,
      'processor time': `${median(all.map(({ readyCpuMs }) => readyCpuMs ?? NaN)).toFixed()} ms`,
    }
  }),
)
