import { createOutbound } from '#http/outbound.ts'

/** The engine's own deadline. */
const timeoutMs = 2500

/**
 * What the engine fetches for clients: `jwks_uri`, `sector_identifier_uri`, back-channel logout. Its own guard is a
 * dispatcher that looks at the address once it has connected, so the request goes out our way.
 */
export function createFetch(allowedHosts: readonly string[]): typeof fetch {
  const outbound = createOutbound({ allowedHosts, timeoutMs })
  return async (input, init) => {
    const request = new Request(input, init)
    return outbound.fetch(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    })
  }
}
