import { createSealer } from '#lib/sealing.ts'
import { createKeys, type Keys } from '#oidc/keys.ts'
import type { Foundation } from './foundation.ts'

const hourMs = 3_600_000

/** The signing keys of this server; the commands use them too. */
export const keysOf = ({
  config,
  storage,
  secrets,
  now,
}: Pick<Foundation, 'config' | 'storage' | 'secrets' | 'now'>): Keys =>
  createKeys({
    store: storage.signingKeys,
    sealer: createSealer(secrets, 'signing-keys'),
    now,
    publishMs: (config.JWKS_MAX_AGE_SECONDS + config.KEY_POLL_SECONDS) * 1000,
    retireMs: Math.max(24 * hourMs, config.SESSION_EXPIRE_SECONDS * 1000),
  })
