import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newSecret } from '#lib/ids.ts'
import type { Config } from './load.ts'

/**
 * The server's secrets, newest first. In development one is made on the first start and kept, readable by its owner
 * only, in DATA_DIR; two processes that start at once agree on one, since only one of them can link the finished file into place.
 */
export function secretsOf(config: Config): [string, ...string[]] {
  return [config.SECRET_KEY ?? developmentSecret(config.DATA_DIR), ...config.SECRET_KEY_PREVIOUS]
}

function developmentSecret(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, 'secret-key')
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, newSecret(48), { mode: 0o600 })
    try {
      linkSync(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(draft)
    }
  }
  return readFileSync(path, 'utf8').trim()
}
