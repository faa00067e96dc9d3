import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { findProgram, serverAccount } from './find.ts'
import { filesOf, startServer } from './server-process.ts'
import type { Program, RunningServer, ServerOptions } from './server-process.ts'

const firstStatements = [
  "CREATE USER 'test'@'%' IDENTIFIED BY 'test';",
  "GRANT ALL PRIVILEGES ON *.* TO 'test'@'%' WITH GRANT OPTION;",
  'CREATE DATABASE test CHARACTER SET utf8mb4;',
].join('\n')

const settings = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--max-connections=300',
  '--character-set-server=utf8mb4',
  '--skip-log-bin',
  '--sync-binlog=0',
  '--innodb-doublewrite=0',
  '--innodb-buffer-pool-size=64M',
  '--performance-schema=OFF',
  '--loose-mysqlx=OFF',
]

/** Starts MariaDB or MySQL with a user `test` who may do everything; undefined when neither is installed. */
export async function startMysql({ tls, keepsCommits }: ServerOptions = {}): Promise<
  RunningServer | undefined
> {
  const command = findProgram(['mariadbd', 'mysqld'])
  if (command === undefined) return undefined
  return startServer({
    name: 'MariaDB or MySQL',
    command,
    account: serverAccount('mysql'),
    stopSignal: 'SIGTERM',
    prepare: (folder) => [
      installation(command, join(folder, 'data')),
      filesOf(folder, { 'init.sql': firstStatements, ...tls }),
    ],
    args: (folder, port) => [
      // It must come first.
      '--no-defaults',
      `--datadir=${join(folder, 'data')}`,
      `--port=${port}`,
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${join(folder, 'init.sql')}`,
      // 2 writes the log at each commit, without waiting for the disk.
      `--innodb-flush-log-at-trx-commit=${keepsCommits ? 2 : 0}`,
      ...settings,
      ...(tls ? ['ca', 'cert', 'key'] : []).map((file) => `--ssl-${file}=${join(folder, file)}`),
    ],
    url: (port) => `mysql://test:test@127.0.0.1:${port}/test`,
    probe: async (url) => {
      const connection = await mysql.createConnection({ uri: url, connectTimeout: 2000 })
      try {
        await connection.query('SELECT 1')
      } finally {
        connection.destroy()
      }
    },
  })
}

function installation(command: string, data: string): Program {
  const isMariadb = execFileSync(command, ['--version'], { encoding: 'utf8' }).includes('MariaDB')
  if (!isMariadb) {
    return { command, args: ['--no-defaults', '--initialize-insecure', `--datadir=${data}`] }
  }
  const installer = findProgram(['mariadb-install-db', 'mysql_install_db'])
  if (installer === undefined) throw new Error('mariadb-install-db is missing')
  return {
    command: installer,
    args: [
      '--no-defaults',
      `--datadir=${data}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    ],
  }
}
