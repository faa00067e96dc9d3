import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { jwtType } from '#foreign-tokens/exchange.ts'
import { tokenExchange } from '#oidc/token-exchange.ts'
import type { Issuer } from './issuer.ts'
import type { Fixture } from './start.ts'

/** The environment of a server that trusts the issuer; `more` is added to its entry in the file. */
export function trust(
  t: Pick<ExecutionContext, 'teardown'>,
  { url, host, jwksUri, audience }: Issuer,
  more: object = {},
): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'yumen-issuer-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'yumen.yaml')
  const entry = { issuer: url, audience, jwks_uri: jwksUri, trust_email: true, ...more }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ trusted_issuers: [entry] }))
  return { CONFIG_FILE: file, FETCH_ALLOWED_HOSTS: host }
}

export interface TokenEndpointAnswer {
  status: number
  headers: Headers
  body: Record<string, string>
}

/** A public first-party application that exchanges tokens. */
export async function startExchange(fixture: Fixture, metadata: object = {}) {
  const client = await fixture.addClient({
    first_party: true,
    token_endpoint_auth_method: 'none',
    grant_types: [tokenExchange, 'authorization_code', 'refresh_token'],
    ...metadata,
  })
  const post = async (form: Record<string, string>): Promise<TokenEndpointAnswer> => {
    const answer = await fetch(`${fixture.issuer}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: client.id, ...form }),
    })
    const body = (await answer.json()) as Record<string, string>
    return { status: answer.status, headers: answer.headers, body }
  }
  return {
    exchange: (token: string, more: Record<string, string> = {}) =>
      post({
        grant_type: tokenExchange,
        subject_token: token,
        subject_token_type: jwtType,
        ...more,
      }),
    refresh: (token: string) => post({ grant_type: 'refresh_token', refresh_token: token }),
  }
}
