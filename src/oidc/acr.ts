/**
 * How sure we are of a person, as `acr` says it (docs/strong-sign-in.md): one factor, or two; a passkey that has verified its
 * user is both. The weaker first. `amr` (RFC 8176) says how they showed it, and holds `mfa` exactly on the second level.
 */
export const acrValues = ['urn:yumen:acr:1', 'urn:yumen:acr:2'] as const

export const acrOf = (amr: readonly string[]): (typeof acrValues)[number] =>
  amr.includes('mfa') ? acrValues[1] : acrValues[0]

/** 1 or 2; 0 for a value that is not ours. */
export const levelOf = (acr: unknown): number => acrValues.findIndex((value) => value === acr) + 1
