import { translate, type Locale } from '#view/translate.ts'
import type { Provider } from './registry.ts'

/** A provider as a person sees it: the operator's name for it, or the vendor's in their language; and a file of `views/icons`. */
export interface ShownProvider {
  id: string
  name: string
  icon: string
}

export const showProvider = (
  { id, kind, name }: Pick<Provider, 'id' | 'kind' | 'name'>,
  locale: Locale,
): ShownProvider => ({
  id,
  name: name ?? translate(locale, `providers.${kind}`),
  icon: iconOf(kind),
})

export const iconOf = (kind: string): string =>
  kind.startsWith('wechat') ? 'provider-wechat' : `provider-${kind}`
