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

export function createBrowser(origin: string, headers: Record<string, string> = {}): Browser {
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
    const root = parse(html)
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
    const form = root
      .querySelectorAll('form')
      .find((one) => one.getAttribute('id') === name || one.getAttribute('action')?.endsWith(name))
    if (!form) throw new Error(`no form ${name} on ${at.href}: ${root.textContent.slice(0, 300)}`)
    const values = Object.fromEntries(
      form.querySelectorAll('input').flatMap((input) => {
        if (input.getAttribute('type') === 'checkbox' && !input.hasAttribute('checked')) return []
        const field = input.getAttribute('name')
        // A box that is not ticked is not sent.
        const isTicked = input.getAttribute('type') !== 'checkbox' || input.hasAttribute('checked')
        return field && isTicked ? [[field, input.getAttribute('value') ?? '']] : []
      }),
    )
    return request(new URL(form.getAttribute('action') ?? '', at), {
      method: 'POST',
      body: new URLSearchParams({ ...values, ...fields }),
      headers: { origin: new URL(origin).origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  return { jar, open: (url) => request(new URL(url, origin)) }
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
