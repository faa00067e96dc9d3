import { z } from 'zod'
import { flag, help, list, oneOf, secret, whole } from './kinds.ts'

/** Settings of accounts, their passwords, and the limits on guessing. */
export const accountSettings = {
  ADMIN_EMAIL: z
    .email({ error: 'must be an e-mail address' })
    .optional()
    .meta(help('the first administrator, made once')),
  ADMIN_PASSWORD: z
    .string()
    .min(8, { error: 'must have at least 8 characters' })
    .max(128, { error: 'must have at most 128 characters' })
    .optional()
    .meta(secret('its password; generated and printed once in development')),
  REGISTRATION: oneOf(['open', 'closed'], 'open').meta(
    help('whether people may make accounts themselves'),
  ),
  EMAIL_VERIFICATION: oneOf(['required', 'optional', 'off'], 'optional').meta(
    help('whether a new person must, may or need not confirm their address'),
  ),
  CONSOLE_MAX_AGE_MINUTES: whole(1, 10_080, 60).meta(
    help('how old the sign-in of an administrator in the console may be'),
  ),
  ERASE_AFTER_DAYS: whole(0, 365, 14).meta(
    help('grace of an account whose owner has asked to erase it'),
  ),
  NOTIFY_NEW_DEVICE: flag(true).meta(
    help('whether a sign-in on a device that was not seen before is told by mail'),
  ),
  AUDIT_WRITES: oneOf(['before-answer', 'batched'], 'before-answer').meta(
    help(
      'whether what a request did is in the audit log before its answer leaves, or up to 0.2 s later, which a crash loses',
    ),
  ),
  AUDIT_RETENTION_DAYS: whole(1, 36_500, 365).meta(help('how long audit events are kept')),
  ARGON2_MEMORY_KIB: whole(8192, 4_194_304, 19_456).meta(help('argon2id memory')),
  ARGON2_TIME_COST: whole(1, 100, 2).meta(help('argon2id passes')),
  ARGON2_PARALLELISM: whole(1, 64, 1).meta(help('argon2id lanes')),
  PASSWORD_QUEUE_MAX: whole(1, 100_000, 200).meta(
    help('password checks that may wait; past it the answer is 503'),
  ),
  PASSWORD_MIN_LENGTH: whole(8, 128, 8).meta(help('shortest new password')),
  PASSWORD_MIN_STRENGTH: whole(0, 4, 2).meta(
    help('least strength of a new password as zxcvbn estimates it; 0 sets no limit'),
  ),
  PASSWORD_NEEDS_CLASSES: flag(false).meta(
    help('whether a new password needs upper case, lower case, a digit and a symbol'),
  ),
  BREACHED_PASSWORD_CHECK: oneOf(['offline', 'range', 'off'], 'offline').meta(
    help(
      'refuse new passwords that are known from breaches: by the list that comes with the server, by asking a range service too, or not at all',
    ),
  ),
  BREACHED_PASSWORD_URL: z
    .url({ protocol: /^https?$/, error: 'must be an address such as https://example.com/range' })
    .default('https://api.pwnedpasswords.com/range')
    .meta(
      help(
        'the range service; it gets five characters of the SHA-1 of a password as the last segment',
      ),
    ),
  LOGIN_MAX_FAILURES: whole(0, 1000, 5).meta(
    help(
      'wrong passwords for one account from one address before it is locked; four times as many for either alone; 0 no limit',
    ),
  ),
  LOGIN_LOCK_MINUTES: whole(1, 1440, 15).meta(help('how long it stays locked')),
  SIGN_IN_WITH_EMAIL: oneOf(['off', 'code', 'link', 'both'], 'off').meta(
    help(
      'whether a code, a link or both in a mail sign people in who have confirmed their address',
    ),
  ),
  SECOND_FACTOR_FOR_ROLES: list(
    z.string().regex(/^[a-z0-9_.:-]{1,64}$/, { error: 'must list names of roles' }),
  ).meta(
    help(
      'roles whose holders must have a second factor, separated by commas; they set one up when they next sign in',
    ),
  ),
  PASSKEY_ORIGINS: list(
    z.string().refine((value) => URL.canParse(value) && new URL(value).origin === value, {
      error: 'must list origins such as https://app.example.com',
    }),
  ).meta(
    help(
      'origins beside that of ISSUER whose pages may ask for passkeys, separated by commas; browsers allow it below the host of ISSUER',
    ),
  ),
  REQUESTS_PER_MINUTE: whole(0, 1_000_000, 60).meta(
    help('sign-in requests of one address; 0 no limit'),
  ),
  REQUESTS_PER_HOUR: whole(0, 1_000_000, 1000).meta(help('the same in an hour')),
  MAILS_PER_HOUR: whole(1, 1000, 5).meta(help('mails to one recipient that strangers can cause')),
  MAILS_PER_ADDRESS_PER_HOUR: whole(1, 1_000_000, 20).meta(
    help('mails that requests from one address can cause'),
  ),
}
