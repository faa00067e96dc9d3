import { z } from 'zod'
import { backend, caFile, help, secret, url } from './kinds.ts'

/** Settings of mail, and how pages and mail look. */
export const lookSettings = {
  SMTP_URL: backend(['smtp://', 'smtps://'])
    .optional()
    .meta(secret('mail server; in development mail goes to DATA_DIR/outbox')),
  SMTP_CA_FILE: caFile().meta(
    help('CA certificates (PEM) to verify the mail server with; those of Node.js by default'),
  ),
  MAIL_FROM: z.string().default('Yumen <no-reply@localhost>').meta(help('sender of mail')),
  BRAND_NAME: z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(60, { error: 'must have at most 60 characters' })
    .default('Yumen')
    .meta(help('name on every page')),
  BRAND_ACCENT: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, { error: 'must be a colour like #0b6e4f' })
    .optional()
    .meta(help('the one accent colour')),
  BRAND_LOGO_URL: url(['https://']).optional().meta(help('logo beside the name')),
}
