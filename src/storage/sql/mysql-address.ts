import { readFileSync } from 'node:fs'
import { usesTls } from '#lib/backend-tls.ts'
import type { ConnectOptions } from './dialect.ts'

interface MysqlAddress {
  uri: string
  ssl?: { ca?: string; verifyIdentity: true }
}

/** Where to connect, for the driver, which knows the scheme `mysql:` only and verifies no host name unless told so. */
export function mysqlAddress({
  url,
  caFile,
}: Pick<ConnectOptions, 'url' | 'caFile'>): MysqlAddress {
  const uri = url.replace(/^mariadb:/, 'mysql:')
  const isOn = usesTls(url)
  const address = new URL(uri)
  for (const name of ['ssl', 'ssl-mode', 'sslmode']) address.searchParams.delete(name)
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  return isOn ? { uri: address.href, ssl: { ...ca, verifyIdentity: true } } : { uri: address.href }
}
