import { createOidc } from './oidc.ts'
import { textOf, type Upstream, type UpstreamParts } from './upstream.ts'

/**
 * Microsoft: OpenID Connect; `tenant` is a directory's id, or `common` or `organizations`, whose issuer is a pattern
 * that each token fills with its own directory. The `email` claim is whatever the directory's
 * administrator typed in, so it is never verified ("nOAuth").
 * https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
export function createMicrosoft(parts: UpstreamParts): Upstream {
  const tenant = parts.options['tenant'] ?? 'common'
  const site = parts.baseUrl ?? 'https://login.microsoftonline.com'
  const issuer = `${site}/${tenant}/v2.0`
  return createOidc(
    { ...parts, issuer },
    {
      vendor: 'microsoft',
      parameters: { prompt: 'select_account' },
      ...(['common', 'organizations'].includes(tenant) && {
        metadataIssuer: `${site}/{tenantid}/v2.0`,
        issuerOf: ({ tid }) => `${site}/${guid(tid)}/v2.0`,
      }),
      profileOf: (claims) => ({
        email: textOf(claims['email']),
        emailVerified: false,
        nickname: textOf(claims['name']),
      }),
    },
  )
}

const guid = (tid: unknown): string =>
  typeof tid === 'string' && /^[0-9a-f-]{36}$/.test(tid) ? tid : 'nobody'
