import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { backendTls } from '#lib/backend-tls.ts'
import { providerPairs } from './provider-settings.ts'
import { settings, settingsSchema, type SettingName, type Settings } from './settings.ts'

/** What the server runs with: read once, checked, frozen. Names follow the environment's, see `settings.ts`. */
export interface Config extends Omit<
  Settings,
  'ISSUER' | 'HOST' | 'API_RESOURCE' | 'DATABASE_URL'
> {
  readonly ISSUER: string
  readonly HOST: string | undefined
  readonly API_RESOURCE: string
  readonly DATABASE_URL: string
  /** The path of ISSUER: '' or '/sso'. */
  readonly basePath: string
  readonly development: boolean
}

/** Thrown with one sentence per bad value. */
export class InvalidConfig extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'InvalidConfig'
    this.problems = problems
  }
}

/**
 * Who may read /metrics. Where a token is set no one may without it; where nothing is set, everyone in development
 * and no one in production.
 */
export function metricsAccess(
  config: Pick<Config, 'METRICS' | 'METRICS_TOKEN' | 'development'>,
): 'off' | 'open' | { token: string } {
  const { METRICS, METRICS_TOKEN: token, development } = config
  if (METRICS === 'off') return 'off'
  if (token !== undefined) return { token }
  return METRICS === 'open' || development ? 'open' : 'off'
}

type Environment = Record<string, string | undefined>

/** Reads the environment. Throws InvalidConfig with every problem at once; changes nothing. */
export function loadConfig(env: Environment = process.env): Config {
  const { values, problems } = readValues(env)
  const parsed = settingsSchema.safeParse(values)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push(
        `${String(issue.path[0])} ${issue.message}${shown(String(issue.path[0]), values)}.`,
      )
    }
    throw new InvalidConfig(problems)
  }
  const complete = withDefaults(parsed.data)
  problems.push(
    ...productionProblems(parsed.data),
    ...secretProblems(values),
    ...halfProviders(values),
    ...rangeServiceProblems(parsed.data),
    ...unusedCertificates(parsed.data),
  )
  if (parsed.data.METRICS === 'token' && parsed.data.METRICS_TOKEN === undefined)
    problems.push('METRICS_TOKEN must be set when METRICS is token.')
  if (problems.length > 0) throw new InvalidConfig(problems)
  return Object.freeze(complete)
}

export const isSecret = (name: string): boolean =>
  name in settings && settings[name as SettingName].meta()?.['secret'] === true

/** The text of every setting that is given, with NAME_FILE read; an empty value counts as none. */
function readValues(env: Environment): { values: Environment; problems: string[] } {
  const values: Environment = {}
  const problems: string[] = []
  for (const name of Object.keys(settings)) {
    const file = isSecret(name) ? env[`${name}_FILE`] : undefined
    const value = env[name] === '' ? undefined : env[name]
    if (file && value !== undefined) problems.push(`${name} and ${name}_FILE must not both be set.`)
    else if (file) {
      try {
        values[name] = readFileSync(file, 'utf8').trim()
      } catch {
        problems.push(`${name}_FILE names a file that cannot be read ("${file}").`)
      }
    } else if (value !== undefined) values[name] = value
  }
  return { values, problems }
}

function withDefaults(given: Settings): Config {
  const development = given.NODE_ENV !== 'production'
  const issuer = (given.ISSUER ?? `http://localhost:${given.PORT}`).replace(/\/$/, '')
  return {
    ...given,
    ISSUER: issuer,
    HOST: given.HOST ?? (development ? '127.0.0.1' : undefined),
    API_RESOURCE: given.API_RESOURCE ?? `${issuer}/api`,
    DATABASE_URL: anchored(given.DATABASE_URL ?? `sqlite:${join(given.DATA_DIR, 'yumen.db')}`),
    basePath: new URL(issuer).pathname.replace(/\/$/, ''),
    development,
  }
}

/** A relative SQLite path is taken from the working directory, once. */
function anchored(url: string): string {
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : undefined
  if (path === undefined || path === ':memory:' || isAbsolute(path)) return url
  return `sqlite:${join(process.cwd(), path)}`
}

function productionProblems(given: Settings): string[] {
  if (given.NODE_ENV !== 'production') return []
  const problems: string[] = []
  if (given.SECRET_KEY === undefined)
    problems.push('SECRET_KEY must be set in production (make one with: openssl rand -base64 48).')
  if (given.ISSUER === undefined)
    problems.push(
      'ISSUER must be set in production to the public address, such as https://id.example.com.',
    )
  else if (given.ISSUER.startsWith('http:') && !given.ALLOW_INSECURE_ISSUER)
    problems.push(
      'ISSUER must begin with https:// in production (or set ALLOW_INSECURE_ISSUER=true).',
    )
  if (given.DATABASE_URL === undefined)
    problems.push('DATABASE_URL must be chosen in production, such as postgres://user@host/yumen.')
  return problems
}

function secretProblems(values: Environment): string[] {
  const key = values['SECRET_KEY']
  return key !== undefined && new Set(key).size < 8
    ? ['SECRET_KEY must be random (make one with: openssl rand -base64 48).']
    : []
}

/** The check fails open, so a URL that is never fetched would silently turn it off. */
function rangeServiceProblems(given: Settings): string[] {
  const { protocol, host } = new URL(given.BREACHED_PASSWORD_URL)
  const isFetched = protocol === 'https:' || given.FETCH_ALLOWED_HOSTS.includes(host)
  if (given.BREACHED_PASSWORD_CHECK !== 'range' || isFetched) return []
  return [
    'BREACHED_PASSWORD_URL must begin with https:// (or its host must be listed in FETCH_ALLOWED_HOSTS).',
  ]
}

/** A provider of which only half is set would silently not be there. */
function halfProviders(values: Environment): string[] {
  return providerPairs.flatMap((names) => {
    const missing = names.filter((name) => values[name] === undefined)
    if (missing.length === 0 || missing.length === names.length) return []
    return [
      `${missing.join(' and ')} must be set as well, since another setting of the provider is.`,
    ]
  })
}

/** An operator who sets certificates wants TLS, and must not run without it. */
function unusedCertificates(given: Settings): string[] {
  const pairs = [
    ['DATABASE_URL', 'DATABASE_CA_FILE'],
    ['REDIS_URL', 'REDIS_CA_FILE'],
    ['SMTP_URL', 'SMTP_CA_FILE'],
  ] as const
  return pairs.flatMap(([url, file]) =>
    given[file] === undefined || backendTls(given[url] ?? '').isOn
      ? []
      : [`${url} must ask for TLS, since ${file} is set.`],
  )
}

const shown = (name: string, values: Environment): string =>
  isSecret(name) || values[name] === undefined ? '' : `, not "${values[name]}"`
