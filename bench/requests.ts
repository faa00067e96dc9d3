import type { Request, Result } from 'autocannon'
import type { BenchClient } from './harness.ts'

/** A form, sent by a client with its secret in the Authorization header. */
export const formRequest = (
  path: string,
  { id, secret }: BenchClient,
  fields: Record<string, string>,
): Request => ({
  method: 'POST',
  path,
  headers: {
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: new URLSearchParams(fields).toString(),
})

export const tokenRequest = (client: BenchClient): Request =>
  formRequest('/oauth/token', client, { grant_type: 'client_credentials' })

/** The result, when every request was answered well; otherwise its figures mean nothing. */
export function checked(result: Result): Result {
  const { errors, timeouts, non2xx } = result
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${non2xx} refusals, ${errors} errors, ${timeouts} timeouts`)
  }
  return result
}
