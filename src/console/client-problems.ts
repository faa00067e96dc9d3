import type { FieldErrors } from '#view/signed-in-pages.ts'
import { forms } from './forms.ts'

type Typed = Readonly<Record<string, string>>

/**
 * What is wrong with the fields of a client, beside the field and in a sentence; the engine, which judges afterwards, says
 * it in the words of the specifications.
 */
export function problemsOf(
  typed: Typed,
  { needsRedirect }: { needsRedirect: boolean },
): FieldErrors {
  const redirectUris = forms.lines(typed['redirect_uris'])
  const isMissing = needsRedirect && redirectUris.length === 0
  return Object.fromEntries(
    Object.entries({
      client_name: typed['client_name']?.trim() ? undefined : ('errors.required' as const),
      redirect_uris: isMissing ? ('errors.required' as const) : wrong(redirectUris, isRedirectUri),
      post_logout_redirect_uris: wrong(
        forms.lines(typed['post_logout_redirect_uris']),
        isRedirectUri,
      ),
      allowed_cors_origins: wrong(forms.lines(typed['allowed_cors_origins']), isOrigin),
      introspection_resources: wrong(forms.lines(typed['introspection_resources']), isPlainUri),
      default_resource: wrong(
        [typed['default_resource']?.trim() ?? ''].filter(Boolean),
        isPlainUri,
      ),
    }).filter(([, error]) => error !== undefined),
  )
}

function wrong(values: readonly string[], isGood: (value: string) => boolean) {
  const bad = values.find((value) => !isGood(value))
  return bad === undefined
    ? undefined
    : ({ key: 'console.clients.notAnAddress', values: { address: bad } } as const)
}

const isPlainUri = (value: string): boolean => URL.canParse(value)
/** RFC 6749 §3.1.2: absolute and without fragment. */
const isRedirectUri = (value: string): boolean => URL.canParse(value) && !value.includes('#')
const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value
