/**
 * JWTs of another provider: the time of one verification with the issuer's keys at hand, in this process; and token
 * exchanges per second of one server process on SQLite, 32 connections, for people who are known already. The issuer
 * is in this process too. `--seconds` (4) and `--rounds` (3) shorten it.
 */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import autocannon, { type Request } from 'autocannon'
import { createForeignTokens } from '#foreign-tokens/verify.ts'
import { createOutbound } from '#http/outbound.ts'
import { jwtType } from '#foreign-tokens/exchange.ts'
import { tokenExchange } from '#oidc/token-exchange.ts'
import { startIssuer, type Issuer } from '../test/support/issuer.ts'
import { callback } from '../test/support/start.ts'
import { median, printTable, say, startYumen, withFolder } from './harness.ts'
import { cpuMsOf } from './proc.ts'
import { checked } from './requests.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
  },
})
const clientId = 'notes-app'

const endings: (() => unknown)[] = []
const issuer = await startIssuer({ teardown: (end) => void endings.push(end) })
try {
  printTable('Verification', [
    { verification: 'ES256, warm key set', 'one takes': `${(await verification()).toFixed()} µs` },
  ])
  await withFolder(exchanges)
} finally {
  for (const end of endings) await end()
}

async function verification(): Promise<number> {
  const { verify } = createForeignTokens({
    issuers: [
      {
        issuer: issuer.url,
        audience: issuer.audience,
        keys: { jwksUri: issuer.jwksUri },
        algorithms: ['ES256'],
        claims: {
          subject: 'sub',
          email: 'email',
          emailVerified: 'email_verified',
          name: 'name',
          picture: 'picture',
        },
        requiredClaims: {},
        trustsEmail: true,
        apiScopes: undefined,
      },
    ],
    getJson: createOutbound({ allowedHosts: [issuer.host], timeoutMs: 5000, maxBytes: 1e5 })
      .getJson,
    now: Date.now,
    onError: (error) => say(String(error)),
  })
  const token = await issuer.sign({ sub: 'somebody', email: 'li@example.com', name: '李华' })
  const times: number[] = []
  for (let count = 0; count < 5000; count += 1) {
    const before = performance.now()
    await verify(token)
    times.push((performance.now() - before) * 1000)
  }
  return median(times.slice(1000))
}

async function exchanges(folder: string): Promise<void> {
  const yumen = await startYumen({ folder, env: declare(folder, issuer) })
  const figures: { perSecond: number; p99: number; cpu: number }[] = []
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    const tokens = await Promise.all(
      Array.from({ length: 32 }, (_, person) => issuer.sign({ sub: `person-${person}` })),
    )
    const before = cpuMsOf(yumen.pid) ?? NaN
    const { requests, latency } = await autocannon({
      url: yumen.issuer,
      connections: tokens.length,
      duration: Number(options.seconds),
      requests: [{}],
      setupClient: (client) => client.setRequests([request(tokens.pop()!)]),
    }).then(checked)
    const cpu = (((cpuMsOf(yumen.pid) ?? NaN) - before) * 1000) / requests.total
    figures.push({ perSecond: requests.average, p99: latency.p99, cpu })
    say(`${requests.average.toFixed()} exchanges/s`)
  }
  await yumen.stop()
  printTable('Exchange, SQLite', [
    {
      request: 'exchange of a JWT for an access and a refresh token',
      'requests/s': median(figures.map(({ perSecond }) => perSecond)).toFixed(),
      p99: `${median(figures.map(({ p99 }) => p99)).toFixed()} ms`,
      'processor time': `${median(figures.map(({ cpu }) => cpu)).toFixed()} µs`,
    },
  ])
}

function request(token: string): Request {
  const form = {
    grant_type: tokenExchange,
    client_id: clientId,
    subject_token: token,
    subject_token_type: jwtType,
  }
  return {
    method: 'POST',
    path: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  }
}

function declare(folder: string, { url, host, jwksUri, audience }: Issuer): Record<string, string> {
  const file = join(folder, 'exchange.yaml')
  const client = {
    client_id: clientId,
    first_party: true,
    token_endpoint_auth_method: 'none',
    redirect_uris: [callback],
    response_types: ['code'],
    grant_types: [tokenExchange, 'authorization_code', 'refresh_token'],
  }
  const trusted = { issuer: url, audience, jwks_uri: jwksUri, trust_email: true }
  writeFileSync(file, JSON.stringify({ clients: [client], trusted_issuers: [trusted] }))
  return { CONFIG_FILE: file, FETCH_ALLOWED_HOSTS: host }
}
