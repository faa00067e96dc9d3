import { argon2id, hash, needsRehash, verify } from 'argon2'
import { availableParallelism } from 'node:os'
import PQueue from 'p-queue'
import { busy } from '#lib/app-error.ts'
import { newSecret } from '#lib/ids.ts'
import { verifyImported } from './imported-hashes.ts'

export interface PasswordCosts {
  memoryKib: number
  timeCost: number
  parallelism: number
  /** How many may wait; past it callers get 503 with Retry-After. */
  queueMax: number
}

/**
 * Passwords as argon2id hashes (RFC 9106). The work runs in threads, one more at a time than there are cores, so that none
 * of them waits while the next is fetched: more would only take memory and turns. What waits is bounded, so that a flood gets quick refusals and not a slow server.
 */
export interface Passwords {
  /** A PHC string with a salt of its own. Rejects with `busy` when the queue is full. */
  hash(password: string): Promise<string>
  /** Whether the password fits. Without a stored hash it costs the same time and is false. Rejects with `busy` when the queue is full. */
  verify(stored: string | undefined, password: string): Promise<boolean>
  /** Whether the stored hash was made with other costs than today's, or by another system. */
  isOutdated(stored: string): boolean
  /** How many passwords wait for their turn. */
  waiting(): number
}

export function createPasswords(costs: PasswordCosts): Passwords {
  const queue = new PQueue({ concurrency: availableParallelism() + 1 })
  const options = {
    type: argon2id,
    memoryCost: costs.memoryKib,
    timeCost: costs.timeCost,
    parallelism: costs.parallelism,
  } as const

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (queue.size >= costs.queueMax) throw busy(2)
    return queue.add(work)
  }
  const hashNow = (password: string): Promise<string> => hash(prepared(password), options)
  let decoy: Promise<string> | undefined

  return {
    hash: (password) => run(() => hashNow(password)),
    async verify(stored, password) {
      decoy ??= hashNow(newSecret())
      const fits = await run(async () => isOf(stored ?? (await decoy!), password))
      return fits && stored !== undefined
    },
    waiting: () => queue.size,
    isOutdated: (stored) => !stored.startsWith('$argon2id$') || needsRehash(stored, options),
  }
}

/** Whether it is the password of the hash. Other systems hashed what was typed; ours is `prepared`. */
async function isOf(hash: string, password: string): Promise<boolean> {
  if (!hash.startsWith('$argon2')) return verifyImported(hash, password)
  const ours = prepared(password)
  return (await verify(hash, ours)) || (ours !== password && (await verify(hash, password)))
}

/** One password is one text, however the keyboard composed it (NIST SP 800-63B §3.1.1.2). */
const prepared = (password: string): string => password.normalize('NFKC')
