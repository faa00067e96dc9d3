import { z } from 'zod'

export const factorSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['totp', 'passkey']),
    name: z.string(),
    backed_up: z.boolean().describe('A synced passkey.'),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Factor' })

export type WireFactor = z.infer<typeof factorSchema>

export const factorsSchema = z.object({
  factors: z.array(factorSchema),
  recovery_codes_left: z.int(),
})

export const recoveryCodesSchema = z.object({ recovery_codes: z.array(z.string()) })

export const enrolledSchema = z.object({
  factor: factorSchema,
  recovery_codes: z.array(z.string()).nullable().describe('Shown once, with the first factor.'),
})

/** An authenticator app that is being added. */
export const totpSetupSchema = z.object({
  secret: z.string(),
  uri: z.string(),
  qr_svg: z.string(),
  setup_token: z.string(),
})

/** What is handed to `navigator.credentials`. */
export const passkeyOptionsSchema = z.looseObject({ challenge: z.string() })

export const deviceSchema = z
  .object({
    id: z.string(),
    address: z.string(),
    agent: z.string(),
    remembered_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'RememberedDevice' })

export type WireDevice = z.infer<typeof deviceSchema>

export const devicesSchema = z.object({ devices: z.array(deviceSchema) })

export type WireTotpSetup = z.infer<typeof totpSetupSchema>
export type WireEnrolled = z.infer<typeof enrolledSchema>
