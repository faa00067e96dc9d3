import grantModule, { type GrantProvider } from 'grant'
import type { Outbound } from '#http/outbound.ts'
import { step } from '#lib/tracing.ts'
import { failed, UpstreamFailure, type Ask, type Tokens } from './providers/upstream.ts'

/**
 * grant, which speaks OAuth 2.0 to providers: it makes state, nonce and PKCE, the address that the browser goes to, and
 * trades the code for tokens. It is called with plain values in place of a request: the session that it wants is ours to
 * keep, and what it learns never goes through an address.
 */
export interface GrantCall {
  ask: Ask
  clientId: string
  redirectUri: string
}

/** What grant wants to see again at the callback. */
export interface GrantSession {
  state: string
  nonce?: string
  code_verifier?: string
}

interface Context {
  method: string
  originalUrl: string
  request: { query: Record<string, string> }
  response: { redirect(location: string): void }
  session: { grant?: GrantSession }
  state: { grant?: { response?: Tokens } }
}

export async function beginWithGrant(
  call: GrantCall,
): Promise<{ address: URL; session: GrantSession }> {
  let location = ''
  const ctx = contextOf('/connect/hop', {})
  ctx.response.redirect = (to) => (location = to)
  await middlewareOf(call)(ctx, noMore)
  return { address: new URL(location), session: ctx.session.grant! }
}

/** Resolves to the answer of the token endpoint. Rejects with UpstreamFailure. */
export async function redeemWithGrant(
  call: GrantCall,
  { query, session, outbound }: RedeemParts,
): Promise<Tokens> {
  const { tokenUrl = '' } = call.ask
  outbound.check(tokenUrl)
  const ctx = contextOf('/connect/hop/callback', query)
  ctx.session.grant = session
  const agent = outbound.agentFor(tokenUrl, maxAnswerBytes)
  const redeem = middlewareOf(call, { agent })
  await step('POST', { 'server.address': new URL(tokenUrl).hostname }, () =>
    beforeDeadline(redeem(ctx, noMore)),
  ).finally(() => agent.destroy())
  const answer = ctx.state.grant?.response ?? {}
  if (answer['error'] !== undefined) throw failureOf(answer['error'])
  return (answer['raw'] ?? {}) as Tokens
}

interface RedeemParts {
  query: Record<string, string>
  session: GrantSession
  outbound: Outbound
}

// What its types call the module is the function itself (`module.exports.default`).
const grant = grantModule.default

type Middleware = (ctx: Context, next: () => Promise<void>) => Promise<void>

const timeoutMs = 5000
/** On the wire. grant's client inflates a compressed answer without a bound of its own; zlib makes that 64 MiB at most. */
const maxAnswerBytes = 64 * 1024
const noMore = async (): Promise<void> => {}

/** A name of our own: by a vendor's name grant would add what it knows of the vendor. */
function middlewareOf({ ask, clientId, redirectUri }: GrantCall, request: object = {}): Middleware {
  const hop: GrantProvider = {
    oauth: 2,
    authorize_url: ask.authorizeUrl,
    access_url: ask.tokenUrl ?? '',
    key: clientId,
    secret: ask.secret ?? '',
    scope: ask.scope,
    redirect_uri: redirectUri,
    custom_params: ask.parameters ?? {},
    state: true,
    nonce: ask.nonce,
    pkce: ask.pkce,
    transport: 'state',
    response: ['raw'],
    dynamic: [],
  }
  const options = { config: { hop }, request: { timeout: timeoutMs, ...request } }
  return grant.koa()(options)
}

const contextOf = (originalUrl: string, query: Record<string, string>): Context => ({
  method: 'GET',
  originalUrl,
  request: { query },
  response: { redirect() {} },
  session: {},
  state: {},
})

/** grant's own limit is on silence; a provider that drips would hold the request forever. */
async function beforeDeadline(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    const late = new UpstreamFailure('unavailable', 'the token endpoint is too slow')
    timer = setTimeout(() => reject(late), 2 * timeoutMs)
  })
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}

/** An OAuth error is a word; what is not one comes from the network, or from something in front of the provider. */
function failureOf(error: unknown): UpstreamFailure {
  const code = typeof error === 'object' && error !== null && 'error' in error ? error.error : error
  if (typeof code !== 'string') return new UpstreamFailure('unavailable', 'no answer of OAuth')
  // Node's word for an answer that was cut off, by the other side or at our bound.
  if (code === 'aborted') return new UpstreamFailure('unavailable', 'the token answer was cut off')
  if (/^[a-z_]+$/.test(code)) return failed(`the token endpoint says ${code}`)
  if (code.startsWith('Grant: ')) return failed(code)
  return new UpstreamFailure('unavailable', `the token endpoint: ${code.slice(0, 100)}`)
}
