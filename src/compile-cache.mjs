// The compile cache, turned on before there is anything to compile: plain JavaScript, imported by the files that Node reads
// first. It makes a start a third faster and the process some 30 MB smaller. The cache lies beside the packages, where only
// who may change the packages may write; `compile.mjs` fills it when they are installed.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))
