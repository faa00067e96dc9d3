import { usesTls } from '#lib/backend-tls.ts'
import type { ConnectOptions } from './dialect.ts'

/**
 * The URL as the driver gets it. What it makes of `sslmode=require` differs from version to version, from full
 * verification to none, so it is told the one word that has one meaning.
 */
export function postgresUrl({ url, caFile }: Pick<ConnectOptions, 'url' | 'caFile'>): string {
  if (!usesTls(url)) return url
  const address = new URL(url)
  address.searchParams.delete('ssl')
  address.searchParams.set('sslmode', 'verify-full')
  if (caFile !== undefined) address.searchParams.set('sslrootcert', caFile)
  return address.href
}
