import type { JWTPayload } from 'jose'
import { z } from 'zod'
import type { TrustedIssuer } from '#config/issuer-entry.ts'
import type { SeenIdentity } from '#storage/identities.ts'

/** What a foreign token says of its person, cut down to what we can keep. What has the wrong form counts as not said. */

/** A claim by its name, or by a path with dots (`user_metadata.full_name`); a name that has dots itself comes first. */
export function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path]
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined,
      payload,
    )
}

/** Undefined without a subject. */
export function seenOf(
  payload: JWTPayload,
  { issuer, audience, claims }: Pick<TrustedIssuer, 'issuer' | 'audience' | 'claims'>,
): SeenIdentity | undefined {
  const said = (path: string, form: z.ZodType<string>): string | undefined =>
    form.safeParse(claimOf(payload, path)).data
  const subject = said(claims.subject, plain(255))
  if (subject === undefined) return undefined
  const email = said(claims.email, z.email().max(254))
  // The text "true" is not a statement (Casdoor CVE-2026-9092 and its kin).
  const isVerified =
    claims.emailVerified === true || claimOf(payload, claims.emailVerified) === true
  return {
    provider: issuer,
    appId: audience,
    subject,
    profile: {
      email,
      emailVerified: email !== undefined && isVerified && !isAnonymous(payload),
      nickname: said(claims.name, plain(128)),
      avatarUrl: said(claims.picture, z.url({ protocol: /^https$/ }).max(2048)),
    },
  }
}

/** Supabase says `is_anonymous`, Firebase names the way of signing in. */
export const isAnonymous = (payload: JWTPayload): boolean =>
  payload['is_anonymous'] === true || claimOf(payload, 'firebase.sign_in_provider') === 'anonymous'

/** Text that every database keeps. */
const plain = (max: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed())
