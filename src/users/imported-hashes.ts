import { verify as verifyArgon2 } from 'argon2'
import { once } from 'node:events'
import { pbkdf2, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

/**
 * Password hashes that other systems made. They are verified as they are, once: the next sign-in replaces them with one
 * of ours. Costs are bounded, since anyone who writes the file must not choose how much memory and time a sign-in takes;
 * a hash past the bounds is of no scheme. All of them are worked out in other threads than the one that answers requests.
 *
 * - bcrypt: `$2a$`, `$2b$`, `$2y$`. It reads the first 72 bytes of a password, here as there.
 * - argon2: PHC strings of argon2id, argon2i, argon2d (RFC 9106)
 * - pbkdf2_sha256: `pbkdf2_sha256$iterations$salt$hash` of Django
 * - scrypt (RFC 7914): `$scrypt$ln=…,r=…,p=…$salt$hash`, and `scrypt$N$salt$r$p$hash` of Django, also with the salt first
 */
export type ImportedScheme = 'bcrypt' | 'argon2' | 'pbkdf2_sha256' | 'scrypt'

/** What the hash is; undefined when it is none that `verifyImported` can read. */
export const importedScheme = (hash: string): ImportedScheme | undefined => read(hash)?.scheme

/** Whether the password, as it was typed, fits the hash. False for a hash of no known scheme. */
export async function verifyImported(hash: string, password: string): Promise<boolean> {
  return (await read(hash)?.fits(password)) ?? false
}

type Fits = (password: string) => Promise<boolean>

const maxBytes = 256 * 1024 * 1024
/** Bytes of memory that one verification may write, all passes together. */
const maxTraffic = 4 * 1024 * 1024 * 1024
const maxBcryptCost = 16
const maxIterations = 5_000_000
const maxLanes = 16

/** By scheme: reads a hash, undefined when it is of another scheme or past the bounds. */
const readers: Record<ImportedScheme, (hash: string) => Fits | undefined> = {
  bcrypt(hash) {
    const cost = Number(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1])
    if (!(cost >= 4 && cost <= maxBcryptCost)) return undefined
    return (password) => compareBcrypt(password, hash)
  },

  argon2(hash) {
    const found =
      /^\$argon2(?:id|i|d)\$(?:v=(?:16|19)\$)?((?:[mtp]=\d{1,9}(?:,(?=[mtp])|(?=\$))){3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
        hash,
      )
    const { m, t, p } = Object.fromEntries(
      (found?.[1] ?? '').split(',').map((pair) => pair.split('=')),
    ) as Record<string, string | undefined>
    const bytes = Number(m) * 1024
    const isBounded =
      bytes <= maxBytes && bytes * Number(t) <= maxTraffic && Number(t) > 0 && Number(p) > 0
    // The library throws on less: 8 KiB a lane, 8 bytes of salt.
    if (!found || !isBounded || Number(p) > maxLanes || bytes < 8192 * Number(p)) return undefined
    if (decode(found[2]).length < 8 || !isHashLength(decode(found[3]))) return undefined
    return (password) => verifyArgon2(hash, password)
  },

  pbkdf2_sha256(hash) {
    const found = /^pbkdf2_sha256\$(\d{1,9})\$([^$]+)\$([A-Za-z0-9+/]{43}=)$/.exec(hash)
    const iterations = Number(found?.[1])
    if (!found || !(iterations > 0 && iterations <= maxIterations)) return undefined
    const expected = decode(found[3])
    return async (password) =>
      timingSafeEqual(
        await derivePbkdf2(password, found[2]!, iterations, expected.length, 'sha256'),
        expected,
      )
  },

  scrypt(hash) {
    const found = readScrypt(hash)
    if (!found) return undefined
    const { N, r, p, salt, expected } = found
    const bytes = 128 * N * r
    const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N))
    if (!isPowerOfTwo || r < 1 || p < 1 || bytes > maxBytes) return undefined
    if (p > maxLanes || bytes * p > maxTraffic || !isHashLength(expected)) return undefined
    const options = { N, r, p, maxmem: bytes + 128 * r * (p + 2) + 4096 }
    return async (password) =>
      timingSafeEqual(await deriveScrypt(password, salt, expected.length, options), expected)
  },
}

function read(hash: string): { scheme: ImportedScheme; fits: Fits } | undefined {
  if (hash.length > longest) return undefined
  for (const [scheme, reader] of Object.entries(readers)) {
    const fits = reader(hash)
    if (fits) return { scheme: scheme as ImportedScheme, fits }
  }
  return undefined
}

/** What the column holds. */
const longest = 512

interface Scrypt {
  N: number
  r: number
  p: number
  salt: Buffer
  expected: Buffer
}

function readScrypt(hash: string): Scrypt | undefined {
  const phc =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,5}),p=(\d{1,5})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
      hash,
    )
  if (phc) {
    const [ln, r, p] = phc.slice(1, 4).map(Number) as [number, number, number]
    return { N: 2 ** ln, r, p, salt: decode(phc[4]), expected: decode(phc[5]) }
  }
  const django = /^scrypt\$([^$]+)\$([^$]+)\$(\d{1,5})\$(\d{1,5})\$([A-Za-z0-9+/]+={0,2})$/.exec(
    hash,
  )
  if (!django) return undefined
  const [, first = '', second = ''] = django
  const [cost, salt] = /^\d{1,8}$/.test(first) ? [first, second] : [second, first]
  if (!/^\d{1,8}$/.test(cost)) return undefined
  return {
    N: Number(cost),
    r: Number(django[3]),
    p: Number(django[4]),
    salt: Buffer.from(salt),
    expected: decode(django[5]),
  }
}

const decode = (base64: string | undefined): Buffer => Buffer.from(base64 ?? '', 'base64')

/** A short hash would fit many passwords. */
const isHashLength = ({ length }: Buffer): boolean => length >= 16 && length <= 128

/** Node has no bcrypt, and the one in JavaScript would hold up every other request for as long as it takes. */
async function compareBcrypt(password: string, hash: string): Promise<boolean> {
  const worker = new Worker(new URL('./bcrypt-thread.ts', import.meta.url), {
    workerData: { password, hash },
  })
  const [fits] = (await once(worker, 'message')) as [boolean]
  return fits
}

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)
