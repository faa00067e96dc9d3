import { isIP } from 'node:net'
import { z } from 'zod'
import { flag, help, list, oneOf, pairs, secret, url, whole } from './kinds.ts'

/** Settings of where the server listens, who it is, and what it trusts. */
export const serverSettings = {
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
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'info').meta(
    help('least level that is logged'),
  ),
  METRICS: z
    .enum(['off', 'open', 'token'], { error: 'must be one of off, open, token' })
    .optional()
    .meta(
      help(
        'who may read /metrics; without it whoever has METRICS_TOKEN, or else everybody in development and nobody in production',
      ),
    ),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, { error: 'must have at least 16 characters, without spaces' })
    .optional()
    .meta(secret('bearer token for /metrics; where it is set nobody reads them without it')),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http://', 'https://'])
    .optional()
    .meta(help('collector that gets traces by OTLP over HTTP, at /v1/traces; without it none')),
  OTEL_EXPORTER_OTLP_HEADERS: pairs()
    .optional()
    .meta(secret('headers for the collector: name=value, separated by commas, percent-encoded')),
  OTEL_SERVICE_NAME: z.string().default('yumen').meta(help('name of this server in traces')),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,9})?|1(\.0+)?)$/, { error: 'must be a number from 0 to 1' })
    .default('1')
    .transform(Number)
    .meta(help('share of the requests that are traced, unless a traceparent decides')),
  DATA_DIR: z.string().default('data').meta(help('folder for what a development server generates')),
  CONFIG_FILE: z
    .string()
    .optional()
    .meta(
      help('YAML file of clients, resources and trusted issuers; config/yumen.yaml if it exists'),
    ),
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
  FETCH_ALLOWED_HOSTS: list(z.string()).meta(
    help(
      'host:port pairs that may be fetched although they are private or speak http (back-channel logout, jwks_uri, trusted issuers), separated by commas',
    ),
  ),
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
