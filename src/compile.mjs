// Loads every module once, so that the compile cache holds them all before the server first starts: run by npm after an
// install, and while the image is built. Nothing starts here.
import './compile-cache.mjs'
import { globSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = globSync(['{src,migrations,views}/**/*.ts'], {
  cwd: root,
  exclude: ['src/cli/yumen.ts'],
})
// What cannot be loaded is told by anyone who starts it; an install must not fail for it.
for (const module of modules) await import(`../${module}`).catch(() => {})
flushCompileCache()
