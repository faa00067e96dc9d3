import { createBrowser, type Browser, type Page } from '../support/browser.ts'
import type { Fixture, Person } from '../support/start.ts'

/** A browser in which someone with these roles is signed in: the role `admin` unless others are named. */
export async function administrator(
  fixture: Fixture,
  roles: string[] = ['admin'],
): Promise<{ browser: Browser; person: Person; open(path: string): Promise<Page> }> {
  const person = await fixture.addUser()
  await fixture.storage.users.update(person.id, { roles })
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open(`${fixture.issuer}/account`)
  await login.submit('/login', { identifier: person.email, password: person.password })
  return { browser, person, open: (path) => browser.open(fixture.issuer + path) }
}

/** The code below the heading, of the pages that show some. */
export function codeOf(page: Page, heading: string): string {
  const box = page.root
    .querySelectorAll('section.box')
    .find((one) => one.querySelector('h2')?.textContent === heading)
  const code = box?.querySelector('pre code')?.textContent
  if (code === undefined) throw new Error(`no code ${heading} on ${page.url.href}`)
  return code
}

/** A text that is shown this once, by its label. */
export function shownOnce(page: Page, label: string): string {
  const figure = page.root
    .querySelectorAll('.once figure')
    .find((one) => one.querySelector('figcaption')?.textContent === label)
  const text = figure?.querySelector('code')?.textContent
  if (text === undefined) throw new Error(`no ${label} on ${page.url.href}: ${page.text}`)
  return text
}
