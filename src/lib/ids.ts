import { randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

/** A UUIDv7 (RFC 9562 §5.7): unique, and sorts by the time it was made. Never a secret. */
export const newId = (): string => v7()

/** A random value that no one can guess: 256 bits by default, base64url (43 characters). */
export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url')
