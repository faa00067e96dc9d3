import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Traces, as the parts of the server see them. The outermost middleware opens a span for each request, and what takes
 * time inside it runs in a `step`. Outside a recorded request, and without tracing, a step only does its work.
 *
 * Spans leave this machine. Names and attributes are texts of ours (the template of a route, a statement with `?` for its
 * values) and hosts; never input, an id, a token or a query.
 */
export interface Tracing {
  /** Opens the span of a request: in the trace of its caller if `traceparent` is well formed (W3C Trace Context). */
  begin(name: string, caller: { traceparent: string; tracestate: string }): Span
  /** Sends what is left, within a moment. */
  stop(): Promise<void>
}

export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Opens a span inside this one; undefined if this one is not recorded, or over. */
  child(name: string, attributes: Attributes): Span | undefined
  /** Headers with which another server continues the trace. */
  headers(): Record<string, string>
  rename(name: string): void
  set(attributes: Attributes): void
  /** Marks the work as failed, for a short reason. */
  fail(reason: string): void
  end(): void
}

export type Attributes = Record<string, string | number>

const current = new AsyncLocalStorage<Span>()

/** Does the work in the span and ends it. Of an error it keeps the name only: drivers quote values in messages. */
export function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  return current.run(span, async () => {
    try {
      return await work()
    } catch (error) {
      span.fail(error instanceof Error ? error.name : typeof error)
      throw error
    } finally {
      span.end()
    }
  })
}

/** Does the work in a span of its own, which it gets, if the current request is recorded. */
export function step<T>(
  name: string,
  attributes: Attributes,
  work: (span?: Span) => Promise<T>,
): Promise<T> {
  const span = current.getStore()?.child(name, attributes)
  return span ? inSpan(span, () => work(span)) : work()
}

/** A request to another server as a step, which names the host but not the path; `send` gets headers to add. */
export const callStep = (
  { url, method }: { url: URL; method: string },
  send: (headers: Record<string, string>) => Promise<Response>,
): Promise<Response> =>
  step(method, { 'http.request.method': method, 'server.address': url.hostname }, async (span) => {
    const answer = await send(current.getStore()?.headers() ?? {})
    span?.set({ 'http.response.status_code': answer.status })
    if (answer.status >= 400) span?.fail(String(answer.status))
    return answer
  })
