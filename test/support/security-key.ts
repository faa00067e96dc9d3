import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/**
 * A security key in software (WebAuthn level 3, ES256, no attestation), with the browser before it: it answers as
 * `navigator.credentials` does, and also where no browser would, for a page of another site.
 */
export interface SecurityKey {
  /** What `navigator.credentials.create` gives, as JSON. */
  create(challenge: string, at: Place): object
  /** What `navigator.credentials.get` gives. Its count of uses grows by one, or is the one of `at`. */
  get(challenge: string, at: Place): object
}

export interface Place {
  /** Of the page. */
  origin: string
  /** The host of the origin unless it is said. */
  rpId?: string
  /** Whether the key has verified its user (PIN, finger); it has unless it is said. */
  isVerified?: boolean
  counter?: number
}

const present = 0x01
const verified = 0x04
const attested = 0x40

export function newSecurityKey(id = randomBytes(16)): SecurityKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  let uses = 0

  const dataOf = ({ origin, rpId, isVerified = true, counter }: Place, key?: Buffer): Buffer => {
    const head = Buffer.alloc(5)
    head[0] = present | (isVerified ? verified : 0) | (key ? attested : 0)
    head.writeUInt32BE(counter ?? uses, 1)
    const host = rpId ?? new URL(origin).hostname
    return Buffer.concat([sha256(host), head, ...(key ? [attestedData(id, key)] : [])])
  }
  const answer = (response: Record<string, Buffer>): object => ({
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
    clientExtensionResults: {},
    response: Object.fromEntries(
      Object.entries(response).map(([name, bytes]) => [name, bytes.toString('base64url')]),
    ),
  })

  return {
    create(challenge, at) {
      const authData = new Uint8Array(dataOf(at, coseOf(publicKey)))
      const attestation = new Map<string, string | Uint8Array | Map<string, string>>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ])
      return answer({
        clientDataJSON: clientData('webauthn.create', challenge, at),
        attestationObject: Buffer.from(isoCBOR.encode(attestation)),
      })
    },
    get(challenge, at) {
      uses++
      const clientDataJSON = clientData('webauthn.get', challenge, at)
      const authenticatorData = dataOf(at)
      const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)])
      return answer({
        clientDataJSON,
        authenticatorData,
        signature: sign('sha256', signed, privateKey),
      })
    },
  }
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

const clientData = (type: string, challenge: string, { origin }: Place): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))

/** No model of authenticator, the id and the key (§6.5.1). */
function attestedData(id: Buffer, key: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  return Buffer.concat([Buffer.alloc(16), length, id, key])
}

/** RFC 9053 §7.1: EC2, ES256, P-256. */
function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
  const map = new Map<number, number | Uint8Array>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ])
  return Buffer.from(isoCBOR.encode(map))
}
