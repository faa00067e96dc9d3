import { dialectOf, type Backups } from './dialect.ts'

/** The backups of the database at this URL. Rejects if the database has better tools of its own. */
export async function backupsOf(url: string): Promise<Backups> {
  const { backups } = await dialectOf(url)
  if (!backups)
    throw new Error(
      'This command is for SQLite. For PostgreSQL and MariaDB use pg_dump and mariadb-dump: see "Backup and restore" in docs/operate.md.',
    )
  return backups
}
