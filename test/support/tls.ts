import { createServer, type Server } from 'node:https'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createAuthority } from './certificates.ts'

/** A server at https://localhost whose certificate this process trusts from now on. */
export async function trustedServer(): Promise<Server> {
  const { certify } = await createAuthority()
  const { ca, cert, key } = await certify('localhost')
  setDefaultCACertificates([...getCACertificates(), ca])
  return createServer({ cert, key })
}
