import { pino, type Logger } from 'pino'

/**
 * JSON lines on standard output. Nothing that opens a door is logged: requests are logged by path without their
 * query, and fields with these names are masked wherever they stand.
 */
const secretFields = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'client_secret',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'code_verifier',
]

export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const paths = secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  const options = {
    serializers: { err: plainError },
    level,
    base: null,
    redact: { paths, censor: '[secret]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  return destination ? pino(options, destination) : pino(options)
}

interface PlainError {
  type: string
  message: string
  stack?: string | undefined
  code?: string | undefined
  cause?: PlainError | undefined
}

/** Only what names the failure: drivers hang queries, addresses and values on their errors. */
function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === 'string' ? code : undefined,
    cause: error.cause === undefined ? undefined : plainError(error.cause),
  }
}
