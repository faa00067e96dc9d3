import { accessSync, constants, readFileSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A user of this machine. */
export interface Account {
  uid: number
  gid: number
}

/** The first of these programs that is on PATH or in one of the folders; undefined when none is. */
export function findProgram(
  names: readonly string[],
  folders: readonly string[] = [],
): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  // Debian keeps servers in sbin, which an ordinary user's PATH lacks.
  const all = [...folders, ...path, '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  for (const name of names) {
    const found = all.map((folder) => join(folder, name)).find(isExecutable)
    if (found !== undefined) return found
  }
  return undefined
}

/** Folders of PostgreSQL's programs where package managers put them outside PATH, newest version first. */
export function postgresFolders(): string[] {
  const debian = versions('/usr/lib/postgresql').map((v) => join('/usr/lib/postgresql', v, 'bin'))
  const fedora = versions('/usr').filter((name) => name.startsWith('pgsql-'))
  const homebrew = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((root) =>
    versions(root)
      .filter((name) => name.startsWith('postgresql'))
      .map((name) => join(root, name, 'bin')),
  )
  return [...debian, ...fedora.map((name) => join('/usr', name, 'bin')), ...homebrew]
}

/**
 * Who a server runs as that refuses to run as root: the account of that name, else no one.
 * Undefined when we are not root: then it runs as we do.
 */
export function serverAccount(name: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const account = readAccount(name) ?? readAccount('nobody')
  if (!account) throw new Error(`run the tests as another user: there is no account "${name}"`)
  return account
}

function readAccount(name: string): Account | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

function versions(folder: string): string[] {
  try {
    return readdirSync(folder).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  } catch {
    return []
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
