/** A form that the engine made, taken apart so that a page can write it in its own words. */
type EngineFormParts = { action: string; hidden: { name: string; value: string }[] }

/**
 * Reads the address and the hidden fields of a form of oidc-provider (`op.logoutForm`, `op.deviceInputForm`,
 * `op.deviceConfirmForm`). The device form brings a text field of its own with an inline handler, which our CSP forbids,
 * and the engine refuses a field that comes twice: so the hidden fields are kept and the rest is ours.
 * Throws when there is no action, so that a change of the engine shows at once.
 */
export function readEngineForm(html: string): EngineFormParts {
  const action = attribute(/<form\b[^>]*>/i.exec(html)?.[0] ?? '', 'action')
  if (action === undefined) throw new Error('the form of the engine has no action')
  const hidden = [...html.matchAll(/<input\b[^>]*>/gi)]
    .map(([tag]) => tag)
    .filter((tag) => attribute(tag, 'type') === 'hidden')
    .map((tag) => ({ name: attribute(tag, 'name') ?? '', value: attribute(tag, 'value') ?? '' }))
  return { action, hidden }
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value?.replace(/&(amp|lt|gt|quot|#39);/g, (_, entity: string) => characters[entity] ?? '')
}

const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
