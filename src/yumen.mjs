// The operator's commands: `npm run yumen -- …`.
import './compile-cache.mjs'

await import('./cli/yumen.ts')
