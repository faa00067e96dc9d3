import type { Mutant } from './mutant.ts'
import { account } from './areas/account.ts'
import { admin } from './areas/admin.ts'
import { apiKeys } from './areas/api-keys.ts'
import { audit } from './areas/audit.ts'
import { config } from './areas/config.ts'
import { factors } from './areas/factors.ts'
import { federation } from './areas/federation.ts'
import { http } from './areas/http.ts'
import { interaction } from './areas/interaction.ts'
import { lib } from './areas/lib.ts'
import { mail } from './areas/mail.ts'
import { oidc } from './areas/oidc.ts'
import { signIns } from './areas/sign-ins.ts'
import { storage } from './areas/storage.ts'
import { unitOfWork } from './areas/unit-of-work.ts'
import { users } from './areas/users.ts'
import { view } from './areas/view.ts'

/** Every mutant, by area. */
export const areas: Record<string, Mutant[]> = {
  'sign-ins': signIns,
  'unit-of-work': unitOfWork,
  oidc,
  users,
  factors,
  federation,
  storage,
  interaction,
  http,
  account,
  admin,
  'api-keys': apiKeys,
  audit,
  config,
  mail,
  lib,
  view,
}
