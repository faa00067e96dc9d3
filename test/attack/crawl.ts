import type { Browser, Page } from '../support/browser.ts'
import { formsOf, type Form } from './forms.ts'

/** Someone with a browser, and where they begin to look around. */
export interface Actor {
  name: string
  browser: Browser
  starts: string[]
}

export interface Crawl {
  pages: Page[]
  /** One of each kind: ids in addresses do not count. */
  forms: Map<string, Form>
}

const collections = ['clients', 'users', 'roles', 'providers', 'resources', 'api-keys', 'scopes']

/** An address without the ids in it. */
export const kindOf = ({ pathname }: Pick<URL, 'pathname'>): string =>
  pathname
    .split('/')
    .map((part, index, parts) => {
      const isOne = collections.includes(parts[index - 1] ?? '') && part !== 'new'
      return isOne || /^(?=.*\d)[\w%.-]{12,}$/.test(part) ? '…' : part
    })
    .join('/')

const mostPages = 200

/** Follows every link on every page that can be reached without posting anything. */
export async function crawl({ browser, starts }: Actor, issuer: string): Promise<Crawl> {
  const pages: Page[] = []
  const forms = new Map<string, Form>()
  const seen = new Set<string>()
  const waiting = [...starts]
  while (waiting.length > 0 && pages.length < mostPages) {
    const page = await browser.open(waiting.shift()!)
    if (page.left || !page.headers.get('content-type')?.startsWith('text/html')) continue
    pages.push(page)
    for (const form of formsOf(page)) {
      const kind = `${form.method} ${kindOf(form.action)} ${Object.keys(form.fields).join()}`
      if (form.method === 'POST') forms.set(kind, form)
    }
    for (const link of page.root.querySelectorAll('a[href]')) {
      const href = link.getAttribute('href')!.replaceAll('&amp;', '&')
      if (!URL.canParse(href, page.url.href)) continue
      const url = new URL(href, page.url)
      if (url.origin !== new URL(issuer).origin || seen.has(kindOf(url))) continue
      seen.add(kindOf(url))
      waiting.push(url.href)
    }
  }
  return { pages, forms }
}
