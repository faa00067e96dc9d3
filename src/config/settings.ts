import { isIP } from 'node:net'
import { z } from 'zod'

/**
 * Every setting, by the name of its environment variable: what it accepts, its default, and one line of help.
 * Messages complete the sentence "NAME …". `secret` values are never printed, and may be given as NAME_FILE.
 */
const help = (text: string) => ({ help: text })
const secret = (text: string) => ({ help: text, secret: true })

const whole = (min: number, max: number, fallback: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,10}$/, { error })
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

const oneOf = <const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` }).default(fallback as never)

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true')

const url = (protocols: readonly string[]) =>
  z.string().refine((value) => protocols.some((protocol) => value.startsWith(protocol)), {
    error: `must begin with ${protocols.join(' or ')}`,
  })

export const settings = {
  NODE_ENV: oneOf(['development', 'production', 'test'], 'development').meta(
    help('production refuses to start on defaults that are unsafe there'),
  ),
  HOST: z
    .string()
    .optional()
    .meta(help('address to listen on; loopback in development, all in production')),
  PORT: whole(0, 65535, 3000).meta(help('port to listen on; 0 takes a free one')),
  ISSUER: z
    .string()
    .optional()
    .superRefine((value, ctx) => {
      const problem = value === undefined ? undefined : issuerProblem(value)
      if (problem) ctx.addIssue({ code: 'custom', message: problem })
    })
    .meta(
      help(
        'the public address, also of every link; may have a path; http://localhost:PORT in development',
      ),
    ),
  ALLOW_INSECURE_ISSUER: flag(false).meta(
    help('allow an http ISSUER in production (for closed networks)'),
  ),
  TRUSTED_PROXIES: z
    .string()
    .default('0')
    .refine(isProxyList, {
      error: 'must be a number of hops, or addresses and CIDR ranges separated by commas',
    })
    .meta(help('proxies whose X-Forwarded-For is believed: a number of hops, or CIDR ranges')),
  SHUTDOWN_TIMEOUT_SECONDS: whole(1, 600, 25).meta(
    help('how long requests may take to finish after SIGTERM'),
  ),
  DATA_DIR: z.string().default('data').meta(help('folder for what a development server generates')),

  DATABASE_URL: url(['sqlite:', 'postgres://', 'postgresql://', 'mysql://', 'mariadb://'])
    .optional()
    .meta(secret('the database; sqlite:DATA_DIR/yumen.db in development')),
  DATABASE_POOL_MAX: whole(2, 1000, 10).meta(help('connections of one process')),
  DATABASE_ACQUIRE_TIMEOUT_MS: whole(100, 600_000, 5000).meta(help('wait for a free connection')),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000, 10_000).meta(help('longest single statement')),
  REDIS_URL: url(['redis://', 'rediss://', 'redis-cluster://'])
    .optional()
    .meta(secret('Redis 7 for what is short-lived; none by default')),
  REDIS_PREFIX: z
    .string()
    .regex(/^[^{}\s]{0,64}$/, {
      error: 'must have at most 64 characters, without spaces and braces',
    })
    .default('yumen:')
    .meta(help('prefix of every key')),
  REDIS_COMMAND_TIMEOUT_MS: whole(50, 60_000, 2000).meta(help('longest single command')),

  SECRET_KEY: z
    .string()
    .min(32, { error: 'must have at least 32 characters' })
    .optional()
    .meta(secret('protects cookies and everything stored; made once in development')),
  SECRET_KEY_PREVIOUS: list(
    z.string().min(32, { error: 'must list keys of at least 32 characters' }),
  ).meta(
    secret('older values of SECRET_KEY, separated by commas, that still open what they sealed'),
  ),
  CONFIG_FILE: z
    .string()
    .optional()
    .meta(help('YAML file of clients and resources; config/yumen.yaml if it exists')),

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
    help('life of a sign-in in the browser'),
  ),
  JWKS_MAX_AGE_SECONDS: whole(1, 86_400, 600).meta(
    help('how long others may cache the signing keys'),
  ),
  KEY_POLL_SECONDS: whole(1, 3600, 15).meta(help('how often a process looks for rotated keys')),
  FETCH_ALLOWED_HOSTS: list(z.string()).meta(
    help(
      'host:port pairs on private addresses that may be fetched (back-channel logout, jwks_uri), separated by commas',
    ),
  ),

  ARGON2_MEMORY_KIB: whole(8192, 4_194_304, 19_456).meta(help('argon2id memory')),
  ARGON2_TIME_COST: whole(1, 100, 2).meta(help('argon2id passes')),
  ARGON2_PARALLELISM: whole(1, 64, 1).meta(help('argon2id lanes')),
  PASSWORD_QUEUE_MAX: whole(1, 100_000, 200).meta(
    help('password checks that may wait; past it the answer is 503'),
  ),
  PASSWORD_MIN_LENGTH: whole(8, 128, 8).meta(help('shortest new password')),

  PASSWORD_MIN_STRENGTH: whole(0, 4, 2).meta(
    help('least strength of a new password as zxcvbn estimates it; 0 lets every one pass'),
  ),
  PASSWORD_NEEDS_CLASSES: flag(false).meta(
    help('whether a new password needs upper case, lower case, a digit and a symbol'),
  ),
  EMAIL_VERIFICATION: oneOf(['required', 'optional', 'off'], 'optional').meta(
    help('whether a new person must, may or need not confirm their address'),
  ),
  LOGIN_MAX_FAILURES: whole(0, 1000, 5).meta(
    help(
      'wrong passwords for one account from one address before it is locked; four times as many for either alone; 0 no limit',
    ),
  ),
  LOGIN_LOCK_MINUTES: whole(1, 1440, 15).meta(help('how long it stays locked')),
  REQUESTS_PER_MINUTE: whole(0, 1_000_000, 60).meta(
    help('sign-in requests of one address; 0 no limit'),
  ),
  REQUESTS_PER_HOUR: whole(0, 1_000_000, 1000).meta(help('the same in an hour')),
  MAILS_PER_HOUR: whole(1, 1000, 5).meta(help('mails to one recipient that strangers can cause')),
  ERASE_AFTER_DAYS: whole(0, 365, 14).meta(
    help('grace of an account whose owner has asked to erase it'),
  ),
  AUDIT_RETENTION_DAYS: whole(1, 36_500, 365).meta(help('how long audit events are kept')),

  SMTP_URL: url(['smtp://', 'smtps://'])
    .optional()
    .meta(secret('mail server; in development mail goes to DATA_DIR/outbox')),
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

  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'info').meta(
    help('least level that is logged'),
  ),
}

export const settingsSchema = z.object(settings)
export type Settings = z.infer<typeof settingsSchema>
export type SettingName = keyof Settings

function list(item: z.ZodString) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item))
}

function issuerProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'must be an absolute URL such as https://id.example.com'
  const { protocol, search, hash, username, pathname } = new URL(value)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://'
  if (search || hash || username) return 'must have no query, fragment or user'
  if (value.endsWith('/') && pathname !== '/') return 'must not end with a slash'
  if (new URL(value).href.replace(/\/$/, '') !== value.replace(/\/$/, ''))
    return `must be written as browsers write it: ${new URL(value).href}`
  if (!/^(\/[A-Za-z0-9._~-]+)*\/?$/.test(pathname)) return 'must have a plain path, without escapes'
  return undefined
}

function isProxyList(value: string): boolean {
  if (/^\d{1,2}$/.test(value)) return true
  return value.split(',').every((part) => {
    const [address = '', bits, more] = part.trim().split('/')
    const family = isIP(address)
    if (family === 0 || more !== undefined) return false
    return (
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    )
  })
}
