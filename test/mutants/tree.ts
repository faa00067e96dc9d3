import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import type { Mutant } from './mutant.ts'

/** A temporary copy of the working tree; mutants are applied there and nowhere else. */
export interface Tree {
  folder: string
  /** Puts the mutant in place; returns what takes it away again, or why it does not fit. */
  apply(mutant: Mutant): { revert(): void } | { problem: string }
  remove(): void
}

const root = resolve(import.meta.dirname, '../..')
const left = new Set(['node_modules', '.git', 'data'])

/** What type-checks a mutant: the sources alone, and without the checks that only concern tidiness. */
const checks = {
  extends: './tsconfig.json',
  compilerOptions: {
    incremental: true,
    tsBuildInfoFile: './checked.json',
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  include: ['src'],
}
export const checksFile = 'tsconfig.mutants.json'

export function copyTree(): Tree {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-mutants-'))
  cpSync(root, folder, {
    recursive: true,
    filter: (path) => !left.has(relative(root, path)),
  })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, checksFile), JSON.stringify(checks))
  return {
    folder,
    apply(mutant) {
      const problem = problemOf(folder, mutant)
      if (problem !== undefined) return { problem }
      const file = join(folder, mutant.file)
      const text = readFileSync(file, 'utf8')
      // A function, because `$&` in a replacement would be read as a pattern.
      writeFileSync(
        file,
        text.replace(mutant.before, () => mutant.after),
      )
      return { revert: () => writeFileSync(file, text) }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Why the mutant does not fit the tree; undefined when it does. */
function problemOf(folder: string, { file, before, after, tests }: Mutant): string | undefined {
  const count = (read(join(folder, file))?.split(before).length ?? 1) - 1
  if (count !== 1) return `the text stands ${count} times in ${file}`
  if (before === after) return 'it changes nothing'
  const missing = tests.find((test) => read(join(folder, test)) === undefined)
  return missing === undefined ? undefined : `there is no ${missing}`
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
