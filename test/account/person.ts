import { createBrowser, type Browser, type Page } from '../support/browser.ts'
import type { Fixture, Person } from '../support/start.ts'

export const windows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
export const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

/** A browser in which the person is signed in, and the page of the account centre that they opened. */
export async function signIn(
  fixture: Fixture,
  person: Pick<Person, 'email' | 'password'>,
  { path = '/account', agent = windows, browser }: SignInOptions = {},
): Promise<{ browser: Browser; page: Page }> {
  const own = browser ?? createBrowser(fixture.issuer, { 'user-agent': agent })
  const login = await own.open(fixture.issuer + path)
  const page = await login.submit('/login', {
    identifier: person.email,
    password: person.password,
  })
  return { browser: own, page }
}

interface SignInOptions {
  path?: string
  agent?: string
  /** One that has been here before. */
  browser?: Browser
}

/** What the list of the page says, a text for each row. */
export const rowsOf = ({ root }: Page): string[] =>
  root.querySelectorAll('.rows li').map((row) => row.textContent.replaceAll(/\s+/g, ' ').trim())
