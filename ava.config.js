import { availableParallelism } from 'node:os'

export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '60s',
  // Tests wait now and then: for a token to end, for a server of another process.
  concurrency: availableParallelism() + 1,
  workerThreads: false,
  // Each file is a process, and half of its time goes into loading modules: npm links no packages whose real places would
  // have to be found, and what is loaded fits in the young generation.
  nodeArguments: ['--preserve-symlinks', '--min-semi-space-size=16'],
}
