import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor } from '../flow/process.ts'
import type { Teardown } from '../support/trials.ts'

/** A folder on a disk that can be filled up. */
export interface SmallDisk {
  folder: string
  kind: string
  /** From now on nothing can be written; `pid` is who must not. */
  fill(pid: number): void
  free(pid: number): void
}

const megabytes = 24

/**
 * A file system of its own where we may mount one; else a limit to the size of the server's files, which it meets with
 * another error (EFBIG), but at the same places.
 */
export async function openSmallDisk(t: Teardown): Promise<SmallDisk> {
  const folder = await folderFor(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    const limit = (pid: number, bytes: string): void =>
      void execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`])
    return {
      folder,
      kind: 'files limited in size',
      fill: (pid) => limit(pid, '1'),
      free: (pid) => limit(pid, 'unlimited'),
    }
  }
  // A process that has just ended may still have a file open.
  t.teardown(() => execFileSync('umount', ['--lazy', folder]))
  const ballast = join(folder, 'ballast')
  return {
    folder,
    kind: `a disk of ${megabytes} MB`,
    fill: () => fillUp(ballast),
    free: () => rmSync(ballast),
  }
}

function fillUp(file: string): void {
  for (let bytes = 2 ** 20; bytes >= 1024;) {
    try {
      writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      bytes /= 2
    }
  }
}
