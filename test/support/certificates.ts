import 'reflect-metadata'
import { KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A server's certificate, its key and the authority that vouches for it, as text (PEM). */
export interface Certificate extends Record<'ca' | 'cert' | 'key', string> {}

export interface Authority {
  /** Its certificate; the file is gone when the process ends. */
  caFile: string
  certify(host: string): Promise<Certificate>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const dates = () => ({
  notBefore: new Date(Date.now() - 60_000),
  notAfter: new Date(Date.now() + 24 * 3600_000),
})

/** An authority of the tests' own. */
export async function createAuthority(): Promise<Authority> {
  const keys = await newKeys()
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Tests',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
    ...dates(),
  })
  const folder = mkdtempSync(join(tmpdir(), 'yumen-ca-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.toString('pem'))
  return {
    caFile,
    async certify(host) {
      const { publicKey, privateKey } = await newKeys()
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${host}`,
        issuer: ca.subject,
        publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
        ...dates(),
      })
      return {
        ca: ca.toString('pem'),
        cert: certificate.toString('pem'),
        key: String(KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })),
      }
    },
  }
}
