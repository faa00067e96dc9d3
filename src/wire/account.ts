import { z } from 'zod'
import { apiKeySchema } from './api-keys.ts'
import { connectedAppSchema } from './apps.ts'
import { factorSchema, deviceSchema } from './factors.ts'
import { sessionSchema } from './sessions.ts'
import { userSchema } from './users.ts'

/** A sentence for anyone who reads the answer. */
export const messageSchema = z.object({ message: z.string() })

export const passwordStateSchema = z.object({ is_set: z.boolean() })

/** The address in use, and the one that waits for its code. */
export const emailStateSchema = z.object({
  email: z.string().nullable(),
  email_verified: z.boolean(),
  pending_email: z.string().nullable(),
})

export type WireEmailState = z.infer<typeof emailStateSchema>

export const erasingSchema = z.object({ erase_at: z.iso.datetime() })

/** All that is kept about a person. */
export const exportSchema = z.object({
  user: userSchema,
  sessions: z.array(sessionSchema),
  grants: z.array(connectedAppSchema),
  api_keys: z.array(apiKeySchema),
  factors: z.array(factorSchema),
  remembered_devices: z.array(deviceSchema),
})
