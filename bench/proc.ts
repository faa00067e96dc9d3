/** What the kernel says about a process. */
import { readFileSync } from 'node:fs'

/** User and system time of a process and its children, in milliseconds; Linux counts in hundredths of a second. */
export function cpuMsOf(pid: number): number | undefined {
  const stat = readProc(`${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = [11, 12].reduce((sum, field) => sum + Number(fields[field]), 0) * 10
  const children = (readProc(`${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + (cpuMsOf(Number(child)) ?? 0), own)
}

/** Resident set in megabytes (10^6 bytes), now and at its highest; undefined where there is no /proc. */
export function residentMb(pid: number): { now: number; highest: number } | undefined {
  const status = readProc(`${pid}/status`)
  if (status === undefined) return undefined
  const read = (name: string): number =>
    (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6
  return { now: read('VmRSS'), highest: read('VmHWM') }
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(`/proc/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
