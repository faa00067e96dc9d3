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
    description: 'A key from POST /users/api-keys; within its scopes it does what a token does.',
  },
  client: {
    type: 'http',
    scheme: 'basic',
    description: 'The id and secret of a client, each form-encoded first (RFC 6749 §2.3.1).',
  },
}

export const headerComponents = {
  TraceId: { description: 'Names the request in our log.', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer' } },
  WwwAuthenticate: { description: 'RFC 6750 §3.', schema: { type: 'string' } },
}
export const traceHeader = { 'X-Trace-Id': { $ref: '#/components/headers/TraceId' } }
const retryHeader = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
const authenticateHeader = { 'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' } }

export const problemSchema = {
  type: 'object',
  description: 'Why it was not done (RFC 9457).',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'A sentence for people, in the request’s language.' },
    code: { type: 'string', description: 'A stable name for programs.' },
    trace_id: { type: 'string' },
    errors: {
      type: 'array',
      description: 'What is wrong with the input, field by field.',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'trace_id'],
}

export const problemResponse = (description: string, headers: unknown = traceHeader): Json => ({
  description,
  headers,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

export const usualResponses: Record<string, Json> = {
  400: problemResponse('invalid_request: the body is not readable'),
  401: problemResponse('unauthorized: nothing good was brought', {
    ...traceHeader,
    ...authenticateHeader,
  }),
  403: problemResponse('insufficient_scope or forbidden', {
    ...traceHeader,
    ...authenticateHeader,
  }),
  404: problemResponse('not_found'),
  413: problemResponse('too_large'),
  415: problemResponse('unsupported_media_type'),
  422: problemResponse('validation_failed; errors[] says what'),
  429: problemResponse('too_many_requests', { ...traceHeader, ...retryHeader }),
  503: problemResponse('busy: come again', { ...traceHeader, ...retryHeader }),
}
