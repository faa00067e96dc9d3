import { z } from 'zod'
import { help, whole } from './kinds.ts'

/** Settings of tokens, sessions and keys: how long they live. */
export const tokenSettings = {
  API_RESOURCE: z
    .url({ error: 'must be an absolute URI' })
    .optional()
    .meta(help('audience of first-party tokens; ISSUER/api')),
  ACCESS_TOKEN_EXPIRE_MINUTES: whole(1, 1440, 30).meta(help('life of an access token')),
  REFRESH_TOKEN_EXPIRE_DAYS: whole(1, 3650, 7).meta(
    help('life of a refresh token that is not used'),
  ),
  GRANT_EXPIRE_DAYS: whole(1, 3650, 180).meta(
    help('after this a person is asked again, however often tokens were refreshed'),
  ),
  REFRESH_GRACE_SECONDS: whole(0, 120, 10).meta(
    help('how long a spent refresh token gets the same answer again; 0 never'),
  ),
  SESSION_EXPIRE_SECONDS: whole(60, 31_536_000, 1_209_600).meta(
    help('life of a sign-in in the browser that is not used'),
  ),
  SESSION_MAX_SECONDS: whole(60, 315_360_000, 2_592_000).meta(
    help('after this a person signs in again, however often the browser was used'),
  ),
  JWKS_MAX_AGE_SECONDS: whole(1, 86_400, 600).meta(
    help('how long others may cache the signing keys'),
  ),
  KEY_POLL_SECONDS: whole(1, 3600, 15).meta(help('how often a process looks for rotated keys')),
}
