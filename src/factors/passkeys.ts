import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
  WebAuthnCredential,
} from '@simplewebauthn/server'
import { AppError } from '#lib/app-error.ts'
import { sha256 } from '#lib/hashing.ts'
import { newId } from '#lib/ids.ts'
import { AlreadyExists, StorageUnavailable } from '#storage/errors.ts'
import type { Factor, FactorStore } from '#storage/factors.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { Challenges } from './challenges.ts'

/**
 * Passkeys (WebAuthn level 3). The relying party is the host of ISSUER, and only pages of known origins may ask. Every
 * challenge is made for one purpose and answered once. A count of uses that does not grow is refused: someone may have
 * copied the key.
 */
export interface Passkeys {
  /** What a page hands to `navigator.credentials.create`. */
  registrationOptions(user: User): Promise<PublicKeyCredentialCreationOptionsJSON>
  /** Keeps the new passkey. Rejects with `invalid_passkey` when the answer is not one to our question, or with `already_exists`. */
  register(user: User, given: { response: unknown; name: string }): Promise<Factor>
  /** What a page hands to `navigator.credentials.get`; without a person, any passkey of this site will do. */
  requestOptions(purpose: string, userId?: string): Promise<PublicKeyCredentialRequestOptionsJSON>
  /** Whose passkey has answered, and how; undefined when it is not a good answer to a question of this purpose. */
  verify(given: PasskeyAnswer): Promise<PasskeyProof | undefined>
}

export interface PasskeyAnswer {
  /** What `navigator.credentials.get` has given, as JSON. */
  response: unknown
  purpose: string
  /** As a second factor: whose it must be. Without it the passkey stands alone, and must have verified its user. */
  userId?: string | undefined
}

export interface PasskeyProof {
  userId: string
  /** The account's sign-in epoch when it was given. */
  epoch: number
  factorId: string
  /** RFC 8176: `hwk` for a key that stays in one device, `swk` for one that is synchronised; `user`; `mfa` when it has verified its user. */
  amr: string[]
}

export interface PasskeysParts {
  store: FactorStore
  users: Pick<UserStore, 'findSignInEpoch'>
  challenges: Challenges
  /** The public address: its host is the relying party, its origin may ask. */
  issuer: string
  /** More origins that may ask. */
  origins: readonly string[]
  /** As people know this server. */
  brand: string
}

/** What is kept of a passkey in `Factor.data`. */
interface StoredPasskey {
  id: string
  /** Base64url, COSE. */
  publicKey: string
  transports: WebAuthnCredential['transports']
  deviceType: string
  backedUp: boolean
}

export function createPasskeys(parts: PasskeysParts): Passkeys {
  const { store, challenges } = parts
  const { origin, hostname: rpID } = new URL(parts.issuer)
  const origins = [origin, ...parts.origins]
  const passkeysOf = async (userId: string): Promise<Factor[]> =>
    (await store.listByUser(userId)).filter(({ kind }) => kind === 'passkey')

  return {
    async registrationOptions(user) {
      const { generateRegistrationOptions } = await library()
      const name = user.email ?? user.username ?? user.id
      return generateRegistrationOptions({
        rpName: parts.brand,
        rpID,
        userID: new TextEncoder().encode(user.id),
        userName: name,
        userDisplayName: user.nickname ?? name,
        challenge: bytesOf(challenges.make(`register:${user.id}`)),
        supportedAlgorithmIDs: algorithms,
        excludeCredentials: (await passkeysOf(user.id)).map(descriptorOf),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      })
    },
    async register(user, { response, name }) {
      const { verifyRegistrationResponse } = await library()
      const verified = await verifyRegistrationResponse({
        response: response as RegistrationResponseJSON,
        expectedChallenge: (challenge) => challenges.spend(challenge, `register:${user.id}`),
        expectedOrigin: origins,
        expectedRPID: rpID,
        requireUserVerification: false,
        supportedAlgorithmIDs: algorithms,
      }).catch(orUndefined)
      if (!verified?.verified) throw new AppError('invalid_passkey')
      return keep(parts, { user, name, registration: verified.registrationInfo })
    },
    async requestOptions(purpose, userId) {
      const asked = { challenge: challenges.make(purpose), rpId: rpID, timeout: 300_000 }
      if (userId === undefined) return { ...asked, userVerification: 'required' }
      const allowCredentials = (await passkeysOf(userId)).map((factor) => ({
        ...descriptorOf(factor),
        type: 'public-key' as const,
      }))
      return { ...asked, allowCredentials, userVerification: 'preferred' }
    },
    verify: (given) => verify(parts, given, { origins, rpID }),
  }
}

async function verify(
  { store, users, challenges }: PasskeysParts,
  { response, purpose, userId }: PasskeyAnswer,
  { origins, rpID }: { origins: string[]; rpID: string },
): Promise<PasskeyProof | undefined> {
  const { verifyAuthenticationResponse } = await library()
  const { id } = (response ?? {}) as { id?: unknown }
  const factor = typeof id === 'string' ? await store.findByKey(keyOf(id)) : undefined
  if (factor?.kind !== 'passkey' || (userId !== undefined && factor.userId !== userId))
    return undefined
  // Before the proof is looked at: if every sign-in ends meanwhile, this one does too.
  const epoch = await users.findSignInEpoch(factor.userId)
  if (epoch === undefined) return undefined
  const { publicKey, ...passkey } = read(factor)
  const verified = await verifyAuthenticationResponse({
    response: response as AuthenticationResponseJSON,
    expectedChallenge: (challenge) => challenges.spend(challenge, purpose),
    expectedOrigin: origins,
    expectedRPID: rpID,
    // Compared here only to fail early; `advance` is what two answers at once cannot pass.
    credential: { id: passkey.id, publicKey: bytesOf(publicKey), counter: factor.counter },
    requireUserVerification: userId === undefined,
  }).catch(orUndefined)
  if (!verified?.verified) return undefined
  const { newCounter, userVerified } = verified.authenticationInfo
  if (!(await store.advance(factor.id, newCounter))) return undefined
  const held = passkey.deviceType === 'multiDevice' ? 'swk' : 'hwk'
  const amr = userVerified ? [held, 'user', 'mfa'] : [held, 'user']
  return { userId: factor.userId, epoch, factorId: factor.id, amr }
}

async function keep(
  { store }: PasskeysParts,
  {
    user,
    name,
    registration: { credential, credentialDeviceType: deviceType, credentialBackedUp: backedUp },
  }: {
    user: User
    name: string
    registration: {
      credential: WebAuthnCredential
      credentialDeviceType: string
      credentialBackedUp: boolean
    }
  },
): Promise<Factor> {
  const { id, publicKey, transports, counter } = credential
  const kept = { id, publicKey: base64url(publicKey), transports, deviceType, backedUp }
  try {
    return await store.add(
      {
        id: newId(),
        userId: user.id,
        kind: 'passkey',
        key: keyOf(id),
        name,
        data: JSON.stringify(kept satisfies StoredPasskey),
        counter,
      },
      user.signInEpoch,
    )
  } catch (error) {
    throw error instanceof AlreadyExists ? new AppError('already_exists') : error
  }
}

/** COSE: Ed25519, ES256, RS256 (RFC 9053). */
const algorithms = [-8, -7, -257]

/** Whether the key of this passkey is kept somewhere else too (a phone's cloud). */
export const isBackedUp = (factor: Factor): boolean =>
  factor.kind === 'passkey' && read(factor).backedUp

/** The library throws at whatever is malformed or does not fit; a storage that is away is something else. */
function orUndefined(error: unknown): undefined {
  if (error instanceof StorageUnavailable) throw error
}

/** Loaded when the first passkey is asked for: it brings a certificate parser that most requests never need. */
const library = () => import('@simplewebauthn/server')

const keyOf = (credentialId: string): string => sha256(`passkey:${credentialId}`)
const read = ({ data }: Factor): StoredPasskey => JSON.parse(data) as StoredPasskey
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const descriptorOf = (factor: Factor) => {
  const { id, transports } = read(factor)
  return { id, ...(transports && { transports }) }
}
