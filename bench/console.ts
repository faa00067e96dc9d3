/**
 * How long the lists of the console take among 100,000 people, and how many bytes each page has: a server with
 * production settings, asked by a signed-in administrator, one page after the other.
 *
 *   npm exec -- node bench/console.ts [--people 100000] [--times 30]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBrowser, type Browser } from '../test/support/browser.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import {
  administrator,
  median,
  printTable,
  production,
  say,
  startYumen,
  withFolder,
} from './harness.ts'
import { costSettings, emailOf, importPeople, leastCosts } from './people.ts'
import { cpuMsOf } from './proc.ts'

const { values: options } = parseArgs({
  options: {
    people: { type: 'string', default: '100000' },
    times: { type: 'string', default: '30' },
  },
})
const people = Number(options.people)
const times = Number(options.times)

const lists = {
  'users, newest first': '/console/users',
  'users, one match': `/console/users?q=${emailOf(Math.round(people / 3))}`,
  'users, many matches': '/console/users?q=person.7',
  'users, no match': '/console/users?q=nobody-has-this-name',
  'users, banned, no match': '/console/users?q=person&status=banned',
  'users, role with one holder': '/console/users?role=admin',
  'sessions, many people': '/console/sessions?q=person.9',
  'audit log': '/console/audit',
  overview: '/console',
}

const pages = [
  '/console',
  '/console/users',
  '/console/users/new',
  '/console/clients',
  '/console/clients/new',
  '/console/clients/new?kind=web',
  '/console/clients/first-party',
  '/console/clients/first-party/integrate',
  '/console/resources',
  '/console/resources/new',
  '/console/roles',
  '/console/roles/new',
  '/console/roles/admin',
  '/console/api-keys',
  '/console/sessions?q=person.9',
  '/console/audit',
  '/console/keys',
  '/console/mail',
  '/console/settings',
]

const warmUp = 3

const postgres = await startPostgres()
try {
  await measure('SQLite', (folder) => `sqlite:${join(folder, 'yumen.db')}`)
  if (postgres) await measure('PostgreSQL', () => postgres.url)
} finally {
  await postgres?.stop()
}

function measure(name: string, urlOf: (folder: string) => string): Promise<void> {
  return withFolder(async (folder) => {
    const env = { ...production, ...costSettings(leastCosts), DATABASE_URL: urlOf(folder) }
    await importPeople({ folder, env }, people, leastCosts)
    say(`${name}: ${people} people are there`)
    const { issuer, pid, stop } = await startYumen({ folder, env })
    try {
      const browser = await signIn(issuer)
      const rows = []
      for (const [list, path] of Object.entries(lists))
        rows.push({ list, ...(await timeOf(browser, pid, issuer + path)) })
      printTable(`The console among ${people} people, ${name}`, rows)
      if (name === 'SQLite') printTable('Bytes of a page', await sizes(browser, issuer))
    } finally {
      await stop()
    }
  })
}

async function signIn(issuer: string): Promise<Browser> {
  const browser = createBrowser(issuer)
  const login = await browser.open(`${issuer}/console`)
  const { email: identifier, password } = administrator
  await login.submit('/login', { identifier, password })
  return browser
}

async function timeOf(browser: Browser, pid: number, url: string): Promise<Record<string, string>> {
  const cookie = await browser.jar.getCookieString(url)
  const taken: number[] = []
  let found = 0
  let cpuMs = NaN
  for (let count = 0; count < times + warmUp; count += 1) {
    // The first ones compile.
    if (count === warmUp) cpuMs = -(cpuMsOf(pid) ?? NaN)
    const started = performance.now()
    const answer = await fetch(url, { headers: { cookie, accept: 'text/html' } })
    const html = await answer.text()
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`)
    found = (html.match(/<tr>/g) ?? []).length
    if (count >= warmUp) taken.push(performance.now() - started)
  }
  cpuMs += cpuMsOf(pid) ?? NaN
  const sorted = taken.toSorted((a, b) => a - b)
  const milliseconds = (value: number): string => `${value.toFixed(0)} ms`
  return {
    rows: String(Math.max(0, found - 1)),
    median: milliseconds(median(sorted)),
    slowest: milliseconds(sorted.at(-1)!),
    'processor time': milliseconds(cpuMs / times),
  }
}

/** HTML and stylesheets as they are sent, without what HTTP adds. */
async function sizes(browser: Browser, issuer: string): Promise<Record<string, string>[]> {
  const rows = []
  for (const path of pages) {
    const { html, root } = await browser.open(issuer + path)
    const sheets = root
      .querySelectorAll('link[rel=stylesheet]')
      .map((link) => new URL(link.getAttribute('href')!, issuer).href)
    const css = await Promise.all(sheets.map(async (href) => (await fetch(href)).arrayBuffer()))
    const sum = css.reduce((all, { byteLength }) => all + byteLength, 0)
    const own = Buffer.byteLength(html)
    rows.push({ page: path, html: `${own}`, 'html and css': `${own + sum}` })
  }
  return rows
}
