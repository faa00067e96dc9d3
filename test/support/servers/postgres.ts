import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { findProgram, postgresFolders, serverAccount } from './find.ts'
import { filesOf, startServer } from './server-process.ts'
import type { RunningServer, ServerOptions } from './server-process.ts'

// Built-in where there is one, so that lower() knows more than ASCII, as in the databases that people run.
const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'

/** Starts PostgreSQL with the superuser `postgres`, without password; undefined when it is not installed. */
export async function startPostgres({ tls, keepsCommits }: ServerOptions = {}): Promise<
  RunningServer | undefined
> {
  const initdb = findProgram(['initdb'], postgresFolders())
  if (initdb === undefined) return undefined
  return startServer({
    name: 'PostgreSQL',
    command: join(dirname(initdb), 'postgres'),
    account: serverAccount('postgres'),
    stopSignal: 'SIGQUIT',
    prepare: (folder) => [
      {
        command: initdb,
        args: [
          `--pgdata=${join(folder, 'data')}`,
          '--username=postgres',
          '--auth=trust',
          '--encoding=UTF8',
          `--locale=${locale}`,
          '--no-sync',
        ],
      },
      ...(tls ? [filesOf(folder, { ...tls })] : []),
    ],
    args: (folder, port) =>
      ['-D', join(folder, 'data')].concat(
        settings({
          listen_addresses: '127.0.0.1',
          port: String(port),
          unix_socket_directories: folder,
          fsync: 'off',
          synchronous_commit: keepsCommits ? 'on' : 'off',
          full_page_writes: 'off',
          max_connections: '300',
          shared_buffers: '64MB',
          wal_level: 'minimal',
          max_wal_senders: '0',
          ...(tls && {
            ssl: 'on',
            ssl_cert_file: join(folder, 'cert'),
            ssl_key_file: join(folder, 'key'),
          }),
        }),
      ),
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    probe: async (url) => {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.query('SELECT 1')
      } finally {
        await client.end()
      }
    },
  })
}

const settings = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
