// The server: `npm start`.
import './compile-cache.mjs'
import { flushCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'

// Passwords take as many of Node's threads as there are cores, and signatures need some beside them; four, Node's own
// number, would be too few from four cores on. The threads start when the first of them is asked for, which is later.
// oxlint-disable-next-line node/no-process-env -- libuv reads it from there, not from the configuration
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism() + 2))

const { main } = await import('./main.ts')
await main()
flushCompileCache()
