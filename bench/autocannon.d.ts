/** The part of autocannon 9 that `throughput.ts` and `memory.ts` use; it brings no types of its own. */
declare module 'autocannon' {
  export interface Request {
    method?: 'GET' | 'POST'
    path?: string
    headers?: Record<string, string>
    body?: string
    /** Called before each request; returns what is sent. */
    setupRequest?: (request: Request) => Request
    onResponse?: (status: number, body: string) => void
  }

  export interface Options {
    url: string
    connections: number
    /** Seconds. */
    duration?: number
    /** Requests, instead of a duration. */
    amount?: number
    requests: [Request]
    /** Called once for each connection. */
    setupClient?: (client: { setRequests(requests: [Request]): void }) => void
  }

  export interface Result {
    requests: { average: number; total: number }
    /** Milliseconds. */
    latency: { p50: number; p99: number }
    non2xx: number
    errors: number
    timeouts: number
  }

  const autocannon: (options: Options) => Promise<Result>
  export default autocannon
}
