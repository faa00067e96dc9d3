import { z } from 'zod'
import { callStep } from '#lib/tracing.ts'
import { errcodeBusy, WechatAway, WechatRefused } from './errors.ts'

/**
 * Calls to WeChat's servers. Answers are JSON whatever their content type says, and a failure is any `errcode` but 0.
 * When WeChat is busy (-1) a call is made again, twice at most; nothing else is, since codes are for one use. After five
 * calls in a row without an answer the next ones are refused at once for `restMs`, so that they do not pile up.
 *
 * Rejects with WechatRefused or WechatAway, and neither names the address: the secret is in its query.
 */
export interface WechatHttp {
  json<T>(call: WechatCall, schema: z.ZodType<T>): Promise<T>
  /** An answer that is no JSON when it is good. */
  bytes(call: WechatCall): Promise<Buffer>
}

export interface WechatCall {
  /** Such as `/sns/jscode2session`. */
  path: string
  query?: Record<string, string>
  /** Makes it a POST. */
  body?: Record<string, unknown>
}

export interface WechatHttpParts {
  baseUrl: string
  timeoutMs: number
  restMs?: number
}

const failuresBeforeRest = 5

export function createWechatHttp({
  baseUrl,
  timeoutMs,
  restMs = 10_000,
}: WechatHttpParts): WechatHttp {
  let loaded: ReturnType<typeof policyOf> | undefined
  const run = async <T>(call: WechatCall, read: (answer: Buffer) => T): Promise<T> => {
    loaded ??= policyOf(restMs)
    const { policy, isResting } = await loaded
    try {
      return await policy.execute(async () => read(await send(call, { baseUrl, timeoutMs })))
    } catch (error) {
      if (!isResting(error)) throw error
      throw new WechatAway(call.path, 'it did not before', Math.ceil(restMs / 1000))
    }
  }
  return {
    json: (call, schema) =>
      run(call, (answer) => {
        const parsed = schema.safeParse(parse(call, answer))
        if (!parsed.success) throw new WechatAway(call.path, 'something is missing in its answer')
        return parsed.data
      }),
    bytes: (call) =>
      run(call, (answer) => {
        if (answer[0] !== 0x7b) return answer
        parse(call, answer)
        throw new WechatAway(call.path, 'JSON came where it should not')
      }),
  }
}

const isBusy = (error: Error): boolean =>
  error instanceof WechatRefused && error.errcode === errcodeBusy

/** The library is loaded with the first call: most servers know no WeChat. */
async function policyOf(restMs: number) {
  const library = await import('cockatiel')
  const again = library.retry(library.handleWhen(isBusy), {
    maxAttempts: 2,
    backoff: new library.ExponentialBackoff({ initialDelay: 100, maxDelay: 1000 }),
  })
  const breaker = library.circuitBreaker(library.handleType(WechatAway), {
    halfOpenAfter: restMs,
    breaker: new library.ConsecutiveBreaker(failuresBeforeRest),
  })
  return {
    policy: library.wrap(again, breaker),
    isResting: (error: unknown): boolean => error instanceof library.BrokenCircuitError,
  }
}

async function send(
  { path, query = {}, body }: WechatCall,
  { baseUrl, timeoutMs }: Pick<WechatHttpParts, 'baseUrl' | 'timeoutMs'>,
): Promise<Buffer> {
  const url = new URL(baseUrl.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  let response: Response
  let bytes: Buffer
  try {
    const method = body ? 'POST' : 'GET'
    response = await callStep({ url, method }, (headers) =>
      fetch(url, {
        method,
        // The target of a redirect would read the secret.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
    bytes = Buffer.from(await response.arrayBuffer())
  } catch (error) {
    throw new WechatAway(path, reasonOf(error))
  }
  if (!response.ok) throw new WechatAway(path, `HTTP ${response.status}`)
  return bytes
}

/** `TimeoutError`, or the code of the socket's error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed'
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}

const refusal = z.looseObject({ errcode: z.coerce.number() })

/** Throws without the text: it may hold what no one should read. */
function parse({ path }: WechatCall, answer: Buffer): unknown {
  let json: unknown
  try {
    json = JSON.parse(answer.toString('utf8'))
  } catch {
    throw new WechatAway(path, 'its answer is not JSON')
  }
  const { errcode } = refusal.safeParse(json).data ?? {}
  if (errcode) throw new WechatRefused(path, errcode)
  return json
}
