import { valuesOf, type Browser, type Page } from '../support/browser.ts'
import { send, type Answer } from '../security/journey.ts'

/** A form as it stands on a page, with what the browser would send. */
export interface Form {
  /** Of the page that it stands on. */
  page: URL
  action: URL
  method: 'GET' | 'POST'
  fields: Record<string, string>
}

export const formsOf = ({ root, url }: Page): Form[] =>
  root.querySelectorAll('form').flatMap((form) => {
    const id = form.getAttribute('id')
    const method = form.getAttribute('method')?.toUpperCase() === 'POST' ? 'POST' : 'GET'
    const others = id === undefined ? [] : root.querySelectorAll(`button[form="${id}"]`)
    const buttons = [...form.querySelectorAll('button[formaction]'), ...others]
    const actions = [form, ...buttons].map(
      (one) => one.getAttribute('formaction') ?? one.getAttribute('action') ?? url.href,
    )
    return [...new Set(actions)].map((action): Form => ({
      page: url,
      action: new URL(action, url),
      method,
      fields: valuesOf(form),
    }))
  })

export function formOf(page: Page, action: string): Form {
  const found = formsOf(page).find((form) => form.action.pathname.endsWith(action))
  if (found) return found
  throw new Error(`no form ${action} on ${page.url.href}: ${page.text.slice(0, 300)}`)
}

/** Posts a form as a browser with these cookies, or as one that says otherwise; follows no redirect. */
export async function post(
  { action }: Pick<Form, 'action'>,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const given = { accept: 'text/html', ...headers }
  return send(action, { method: 'POST', body: new URLSearchParams(fields), headers: given })
}

export const cookiesOf = async (browser: Browser, url: URL): Promise<string> =>
  browser.jar.getCookieString(url.href)
