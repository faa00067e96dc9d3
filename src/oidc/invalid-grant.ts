import { errors } from 'oidc-provider'

/**
 * `invalid_grant` that says why. The engine's own keeps the reason to the log, rightly so for what someone may have
 * stolen; this is for what the client's developer must mend. RFC 6749 §5.2 allows ASCII without quotes and backslashes.
 */
export const invalidGrant = (reason: string): errors.InvalidGrant =>
  Object.assign(new errors.InvalidGrant(reason), { error_description: reason })
