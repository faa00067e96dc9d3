import { z } from 'zod'
import { flag, help, secret, url } from './kinds.ts'

/** Settings of the two providers whose tokens most people bring along; every other one stands in the file. */
export const issuerSettings = {
  SUPABASE_URL: url(['https://', 'http://'])
    .refine((value) => URL.canParse(value), { error: 'must be an absolute URL' })
    .optional()
    .meta(help('Supabase project whose tokens are trusted, such as https://abc.supabase.co')),
  SUPABASE_JWT_SECRET: z
    .string()
    .min(32, { error: 'must have at least 32 characters' })
    .optional()
    .meta(secret('its shared secret, when it still signs with HS256')),
  SUPABASE_CONFIRMS_EMAIL: flag(false).meta(
    help('whether the project lets nobody in whose address is not confirmed ("Confirm email")'),
  ),
  FIREBASE_PROJECT_ID: z
    .string()
    .regex(/^[a-z0-9-]{4,40}$/, { error: 'must be the id of a Firebase project' })
    .optional()
    .meta(help('Firebase project whose ID tokens are trusted')),
}
