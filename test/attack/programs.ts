import { access } from './access.ts'
import { csrf } from './csrf.ts'
import { dump } from './dump.ts'
import { flooding } from './floods.ts'
import { foreignJwt } from './foreign-jwt.ts'
import { fuzz } from './fuzz.ts'
import { hosts } from './hosts.ts'
import { preHijack } from './pre-hijack.ts'
import type { Program } from './program.ts'
import { race } from './race.ts'
import { redirects } from './redirects.ts'
import { resurrect } from './resurrect.ts'
import { timing } from './timing.ts'

export const programs: readonly Program[] = [
  race,
  resurrect,
  preHijack,
  access,
  fuzz,
  csrf,
  redirects,
  hosts,
  foreignJwt,
  dump,
  flooding,
  timing,
]
