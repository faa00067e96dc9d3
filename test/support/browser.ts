import { parse, type HTMLElement } from 'node-html-parser'
import { CookieJar } from 'tough-cookie'

/** A browser without a screen: keeps cookies, follows redirects, fills in forms. It stays on the server's own origin. */
export interface Browser {
  jar: CookieJar
  /** Follows redirects up to a page, or to an address on another origin, which it does not open. */
  open(url: string): Promise<Page>
}

export interface Page {
  url: URL
  status: number
  headers: Headers
  html: string
  root: HTMLElement
  /** The address on another origin to which the browser was sent; then there is no page. */
  left: URL | undefined
  text: string
  /** Sends the form whose action ends with `action` (or has the id), with its hidden fields and these. */
  submit(form: string, fields?: Record<string, string>): Promise<Page>
}

export function createBrowser(
  origin: string,
  headers: Record<string, string> = {},
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Browser {
  const jar = new CookieJar()

  const request = async (
    url: URL,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Page> => {
    const sent = {
      ...headers,
      accept: 'text/html',
      cookie: await jar.getCookieString(url.href),
      ...init.headers,
    }
    const response = await fetch(url, { ...init, headers: sent, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url.href)
    const location = response.headers.get('location')
    if (location === null || response.status < 300 || response.status > 399)
      return pageOf(url, response)
    const next = new URL(location, url)
    await response.body?.cancel()
    if (next.origin !== new URL(origin).origin || next.pathname.endsWith('/demo/callback'))
      return leftPage(url, next, response)
    return request(next)
  }

  const pageOf = async (url: URL, response: Response): Promise<Page> => {
    const html = await response.text()
    const root = parse(html, parsing)
    return {
      url,
      status: response.status,
      headers: response.headers,
      html,
      root,
      left: undefined,
      text: root.textContent.replaceAll(/\s+/g, ' ').trim(),
      submit: (name, fields = {}) => submit(url, root, { name, fields }),
    }
  }

  const submit = (
    at: URL,
    root: HTMLElement,
    { name, fields }: { name: string; fields: Record<string, string> },
  ) => {
    const button = root.querySelector(`button[formaction$="${name}"]`)
    const form = root
      .querySelectorAll('form')
      .find((one) =>
        button
          ? one.getAttribute('id') === button.getAttribute('form')
          : one.getAttribute('id') === name || one.getAttribute('action')?.endsWith(name),
      )
    if (!form) throw new Error(`no form ${name} on ${at.href}: ${root.textContent.slice(0, 300)}`)
    const values = valuesOf(form)
    const action = button?.getAttribute('formaction') ?? form.getAttribute('action') ?? ''
    return request(new URL(action, at), {
      method: 'POST',
      body: new URLSearchParams({ ...values, ...fields }),
      headers: { origin: new URL(origin).origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  return { jar, open: (url) => request(new URL(url, origin)) }
}

/** By default what stands in a `pre` is not parsed. */
const parsing = { blockTextElements: { script: true, style: true } }

/** What the form holds as it stands: of boxes the ticked ones, of a choice the chosen one. */
export function valuesOf(form: HTMLElement): Record<string, string> {
  const fields = form.querySelectorAll('input, textarea, select').flatMap((field) => {
    const name = field.getAttribute('name')
    const isBox = field.getAttribute('type') === 'checkbox'
    if (!name || (isBox && !field.hasAttribute('checked'))) return []
    if (field.rawTagName === 'textarea') return [[name, field.textContent]]
    if (field.rawTagName !== 'select') return [[name, field.getAttribute('value') ?? '']]
    const chosen = field.querySelector('option[selected]') ?? field.querySelector('option')
    return [[name, chosen?.getAttribute('value') ?? '']]
  })
  return Object.fromEntries(fields)
}

const leftPage = (url: URL, left: URL, response: Response): Page => ({
  url,
  status: response.status,
  headers: response.headers,
  html: '',
  root: parse(''),
  left,
  text: '',
  submit: () => Promise.reject(new Error(`the browser has left for ${left.href}`)),
})
