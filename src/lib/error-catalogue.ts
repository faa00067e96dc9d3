/** One error that a caller may see. */
interface ErrorEntry {
  /** HTTP status. */
  status: number
  /** For developers, in the API reference and in docs/json-api.md. People read the sentences of the locale files. */
  meaning: string
  /** Headers that the answer always has. */
  headers?: Readonly<Record<string, string>>
}

/**
 * Every error of our own routes, by its code. A code is part of the interface: clients compare it. The standard OAuth
 * endpoints answer with the codes of their specifications instead. `view/errors.ts` has a sentence for each in both
 * languages, or does not compile.
 */
export const errorCatalogue = {
  account_disabled: { status: 403, meaning: 'the account is banned or was deleted' },
  already_exists: { status: 409, meaning: 'the name is taken; `errors` says which' },
  app_request: { status: 400, meaning: 'the application sent a request that cannot be served' },
  banned: { status: 409, meaning: 'the user is banned' },
  busy: { status: 503, meaning: 'a queue is full or a backend is unavailable; see Retry-After' },
  csrf: { status: 403, meaning: 'the form was not posted from our own page' },
  email_not_verified: { status: 403, meaning: 'the e-mail address must be confirmed first' },
  email_taken: { status: 409, meaning: 'another account has confirmed the address meanwhile' },
  factor_waits: {
    status: 429,
    meaning: 'five wrong codes; this method is closed for 15 minutes, others are not',
    headers: { 'Retry-After': '900' },
  },
  forbidden: { status: 403, meaning: 'the caller may not do this' },
  identity_taken: { status: 409, meaning: 'another account signs in with this identity' },
  in_use: { status: 409, meaning: 'something still refers to it' },
  insufficient_scope: { status: 403, meaning: 'the token lacks the scope' },
  insufficient_user_authentication: {
    status: 401,
    meaning: 'the sign-in is more than ten minutes old; sign in again, or send the password',
  },
  invalid_client: {
    status: 400,
    meaning: 'no such application, or it may not sign people in here',
  },
  invalid_code: {
    status: 400,
    meaning: 'the code is wrong, expired, used, or was tried too often',
  },
  invalid_credentials: {
    status: 401,
    meaning: 'wrong password, unknown, banned or locked account, which all look alike',
    headers: { 'WWW-Authenticate': 'Bearer' },
  },
  invalid_passkey: { status: 400, meaning: 'the passkey could not be verified' },
  invalid_request: { status: 400, meaning: 'the request could not be read' },
  invalid_scope: { status: 400, meaning: 'no such scope, or the caller does not have it' },
  invalid_target: { status: 400, meaning: 'no such resource' },
  invalid_token: { status: 400, meaning: 'the token is unknown, used or expired' },
  keys_changed: { status: 409, meaning: 'the keys were changed at the same time' },
  keys_too_young: { status: 409, meaning: 'clients may not have fetched the next key yet' },
  last_administrator: { status: 409, meaning: 'no administrator would be left' },
  last_sign_in_method: { status: 409, meaning: 'the person could not sign in any more' },
  link_elsewhere: { status: 400, meaning: 'the link was opened in another browser' },
  method_not_allowed: { status: 405, meaning: 'the path exists, for other methods; see Allow' },
  mfa_required: {
    status: 403,
    meaning: 'a second factor is due: `mfa_token`, `expires_in` and `methods` are for /auth/mfa',
  },
  no_email: { status: 409, meaning: 'the user has no e-mail address' },
  no_factor: { status: 409, meaning: 'there is no second factor' },
  no_secret: { status: 409, meaning: 'the client authenticates without a secret' },
  not_found: { status: 404, meaning: 'there is no such thing, or it is not yours' },
  protected_client: { status: 409, meaning: 'the server needs this client' },
  protected_provider: {
    status: 409,
    meaning: 'the provider is declared in the environment or in a file; change it there',
  },
  protected_resource: { status: 409, meaning: 'the server needs this resource and its scopes' },
  protected_role: { status: 409, meaning: 'the role admin keeps its administration' },
  registration_closed: { status: 403, meaning: 'people cannot create accounts here' },
  second_factor_missing: {
    status: 403,
    meaning: 'the account needs a second factor and has none; it is set up in the browser',
  },
  server_error: { status: 500, meaning: 'a failure of ours; its `trace_id` is in the log' },
  session_expired: { status: 400, meaning: 'the page belongs to a sign-in that has ended' },
  too_large: { status: 413, meaning: 'the body is too large' },
  too_many_requests: { status: 429, meaning: 'too many requests; see Retry-After' },
  two_secrets: { status: 409, meaning: 'the client has two secrets already; drop the old one' },
  unauthorized: { status: 401, meaning: 'no valid credential was sent' },
  unsupported_media_type: { status: 415, meaning: 'the body is not of a type that is read here' },
  username_taken: { status: 409, meaning: 'the username is taken' },
  validation_failed: { status: 422, meaning: 'the input does not fit; `errors` says what' },
  wechat_app_unknown: { status: 400, meaning: 'no such mini program is configured' },
  wechat_blocked: { status: 403, meaning: 'WeChat considers the person a risk' },
  wechat_code_invalid: { status: 400, meaning: 'the code is used, expired or of another app' },
  wechat_data_invalid: {
    status: 400,
    meaning: 'the open data is old, or not signed for this session',
  },
  wechat_refused: { status: 502, meaning: 'WeChat refuses the configured app; see the log' },
  wechat_unavailable: { status: 503, meaning: 'WeChat does not answer; see Retry-After' },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorCatalogue

export const entryOf = (code: ErrorCode): ErrorEntry => errorCatalogue[code]
