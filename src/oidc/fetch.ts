/**
 * What the engine fetches for clients: `jwks_uri`, `sector_identifier_uri`, back-channel logout. It brings its own guard
 * against private addresses (a dispatcher that drops such connections); we refuse redirects besides, and let through
 * only the hosts that the operator has listed.
 */
export function createFetch(allowedHosts: readonly string[]): typeof fetch {
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const options: RequestInit = {
      ...init,
      redirect: init.redirect === 'manual' ? 'manual' : 'error',
    }
    if (allowedHosts.includes(url.host)) delete (options as { dispatcher?: unknown }).dispatcher
    return fetch(input, options)
  }
}
