/**
 * Ready code for one client. It works when it is pasted, so nothing that someone chose (an id, an address) may end the
 * string in which it stands: every file writes them with `literal` or the quotes of the shell.
 */
export interface CodeFor {
  issuer: string
  clientId: string
  /** How it authenticates (RFC 7591 §2). */
  method: string
  /** On the answer that has just made it; later the code takes it from the environment, as CLIENT_SECRET. */
  secret: string | undefined
  redirectUri: string
  postLogoutUri: string | undefined
  /** The API that its access tokens are for, when it has a default. */
  resource: string | undefined
  /** Of a machine. */
  scope: string | undefined
}

/** The scopes with which every sign-in begins. */
export const signInScope = 'openid profile email'

/**
 * A value as it stands in JavaScript and in Python, in a string or behind `//`: JSON, without the two line separators that
 * JSON leaves as they are and at which a comment of JavaScript ends.
 */
export const literal = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`)
