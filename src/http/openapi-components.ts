import { errorCatalogue, type ErrorCode } from '#lib/error-catalogue.ts'

/** The parts of the OpenAPI document that do not depend on any route: how to sign in, and what a problem looks like. */
export type Json = { [name: string]: unknown }

export const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token for this API: from POST /auth/login, or by OAuth.',
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'An API key from POST /users/api-keys. Within its scopes it works like a token.',
  },
  client: {
    type: 'http',
    scheme: 'basic',
    description: 'Client ID and secret, each form-encoded first (RFC 6749 §2.3.1).',
  },
}

export const headerComponents = {
  TraceId: {
    description: 'Identifies the request in the server’s log.',
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer' } },
  WwwAuthenticate: { description: 'RFC 6750 §3.', schema: { type: 'string' } },
}
export const traceHeader = { 'X-Trace-Id': { $ref: '#/components/headers/TraceId' } }
const retryHeader = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
const authenticateHeader = { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } }

export const problemSchema = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: {
      type: 'string',
      description: 'A sentence for users, in the language of the request.',
    },
    code: { type: 'string', description: 'A stable code for programs.' },
    trace_id: { type: 'string' },
    errors: {
      type: 'array',
      description: 'Validation errors by field.',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'trace_id'],
}

const headersOf: Record<number, Json> = {
  401: { ...traceHeader, ...authenticateHeader },
  403: { ...traceHeader, ...authenticateHeader },
  429: { ...traceHeader, ...retryHeader },
  503: { ...traceHeader, ...retryHeader },
}

/** An answer with one of these codes. */
export const problemResponse = (status: number, codes: readonly ErrorCode[]): Json => ({
  description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].meaning}`).join('; '),
  headers: headersOf[status] ?? traceHeader,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** What `api.ts` and the storage can answer, by status. */
export const usualCodes: Readonly<Record<number, readonly ErrorCode[]>> = {
  400: ['invalid_request'],
  401: ['unauthorized'],
  403: ['insufficient_scope', 'forbidden'],
  404: ['not_found'],
  413: ['too_large'],
  415: ['unsupported_media_type'],
  422: ['validation_failed'],
  429: ['too_many_requests'],
  503: ['busy'],
}

export const usualResponses: Record<string, Json> = Object.fromEntries(
  Object.entries(usualCodes).map(([status, codes]) => [
    status,
    problemResponse(Number(status), codes),
  ]),
)
