import { importPKCS8, SignJWT } from 'jose'
import { createOidc, standardProfile } from './oidc.ts'
import { failed, textOf, type Upstream, type UpstreamParts } from './upstream.ts'

/**
 * Apple: OpenID Connect whose client secret is a JWT that we sign with the key (`.p8`) of the team, and whose answer is a
 * form from another site when name or e-mail are asked for. The name comes once, with the very first consent, beside
 * the tokens.
 * https://developer.apple.com/documentation/signinwithapple/incorporating-sign-in-with-apple-into-other-platforms
 */
export function createApple(parts: UpstreamParts): Upstream {
  const issuer = parts.baseUrl ?? 'https://appleid.apple.com'
  return createOidc(
    { ...parts, issuer },
    {
      vendor: 'apple',
      scope: 'openid name email',
      pkce: false,
      parameters: { response_mode: 'form_post' },
      secret: () => signSecret(parts, issuer),
      profileOf: (claims, { callback }) => ({
        ...standardProfile(claims),
        // "The value is either a string or a Boolean."
        emailVerified: claims['email_verified'] === true || claims['email_verified'] === 'true',
        nickname: nameOf(callback['user']),
      }),
    },
  )
}

/** At most six months, says Apple; a minute is enough for one request. */
async function signSecret(parts: UpstreamParts, audience: string): Promise<string> {
  const { team_id: teamId = '', key_id: kid = '' } = parts.options
  try {
    const key = await importPKCS8(parts.clientSecret, 'ES256')
    const now = Math.floor(parts.now() / 1000)
    return await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer(teamId)
      .setSubject(parts.clientId)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(key)
  } catch (cause) {
    throw failed('the private key for Apple cannot be used', cause)
  }
}

/** Unsigned, from the browser: good for a nickname, never for an e-mail. */
function nameOf(user: string | undefined): string | undefined {
  try {
    const { firstName, lastName } = JSON.parse(user ?? '').name
    const name = [textOf(firstName), textOf(lastName)].filter(Boolean).join(' ')
    return name || undefined
  } catch {
    return undefined
  }
}
