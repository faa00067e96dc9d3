import { compareSync } from 'bcryptjs'
import { parentPort, workerData } from 'node:worker_threads'

/** A thread that compares one password with one bcrypt hash, says whether it fits, and ends. */
const { password, hash } = (workerData ?? {}) as { password?: string; hash?: string }

// Loaded without a question, as when the sources are compiled, it does nothing.
if (password !== undefined && hash !== undefined) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(compareSync(password, hash))
}
