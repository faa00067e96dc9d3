import { CookieJar } from 'tough-cookie'
import { addressesOf } from '../security/clean.ts'
import { hostile, type Header } from '../security/hostile-hosts.ts'
import {
  authorizeUrl,
  basic,
  deviceGrant,
  withoutRedirect,
  type Answer,
} from '../security/journey.ts'
import { sendRaw } from '../security/raw.ts'
import { pathsOf } from '../security/routes.ts'
import type { Fixture } from '../support/start.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage, type Stage } from './stage.ts'

const nameOf = (headers: Header[]): string =>
  headers.map((header) => header.join(': ')).join(', ') || 'nothing'

/** What in the answer is not ours; undefined when all of it is. */
function strange({ issuer }: Fixture, { status, headers, text }: Answer): string | undefined {
  if (status >= 500) return String(status)
  const told = `${[...headers].join('\n')}\n${text}`
  const named = /evil|\b8443\b|other\.example/.exec(told)?.[0]
  if (named !== undefined) return `names ${named}`
  const location = headers.get('location')
  if (location !== null && new URL(location, issuer).origin !== issuer) return `to ${location}`
  if (headers.getSetCookie().some((one) => /;\s*domain=/i.test(one)))
    return 'a cookie with a domain'
  const isPage = headers.get('content-type')?.startsWith('text/html')
  const away = isPage
    ? addressesOf(text, issuer).find(({ origin }) => origin !== issuer)
    : undefined
  return away && `leads to ${away.href}`
}

const json: Header = ['content-type', 'application/json']
const form: Header = ['content-type', 'application/x-www-form-urlencoded']

/** Every GET, the metadata, a device, and a sign-in from its beginning to its end. */
async function answers({ fixture }: Stage, headers: Header[]): Promise<[string, Answer][]> {
  const { issuer } = fixture
  const accept: Header = ['accept', 'text/html']
  const seen: [string, Answer][] = []
  for (const path of pathsOf('GET'))
    seen.push([path, await sendRaw(issuer, { path, headers: [...headers, accept] })])
  const device = await fixture.addClient(withoutRedirect(deviceGrant))
  const authorization: Header = ['authorization', basic(device)['authorization']!]
  const asked = { method: 'POST', path: '/oauth/device', body: 'scope=openid' }
  seen.push([
    asked.path,
    await sendRaw(issuer, { ...asked, headers: [...headers, form, authorization] }),
  ])
  seen.push(...(await signIn(fixture, [...headers, accept])))
  return seen
}

async function signIn(fixture: Fixture, headers: Header[]): Promise<[string, Answer][]> {
  const [client, person] = await Promise.all([fixture.addClient(), fixture.addUser()])
  const jar = new CookieJar()
  const seen: [string, Answer][] = []
  const follow = async (path: string, body?: string): Promise<Answer> => {
    const cookie: Header = ['cookie', await jar.getCookieString(fixture.issuer + path)]
    const answer = await sendRaw(fixture.issuer, {
      path,
      headers: [...headers, cookie, ...(body === undefined ? [] : [form])],
      ...(body === undefined ? {} : { method: 'POST', body }),
    })
    for (const set of answer.headers.getSetCookie()) await jar.setCookie(set, fixture.issuer + path)
    seen.push([path.replace(/\?.*/, ''), answer])
    return answer
  }
  const { pathname, search } = authorizeUrl(fixture, client)
  const at = (await follow(pathname + search)).headers.get('location')
  if (at === null) return seen
  const csrf = /name="csrf" value="([^"]+)"/.exec((await follow(at)).text)?.[1] ?? ''
  const fields = { csrf, identifier: person.email, password: person.password }
  const signedIn = await follow(`${at}/login`, new URLSearchParams(fields).toString())
  const back = signedIn.headers.get('location')
  if (back !== null) await follow(new URL(back, fixture.issuer).pathname)
  return seen
}

/** Mails that strangers can cause; resolves to what in them is not ours. */
async function mails({ fixture, inbox }: Stage, headers: Header[]): Promise<string[]> {
  const person = await fixture.addUser()
  const ask = (path: string, body: object) =>
    sendRaw(fixture.issuer, {
      method: 'POST',
      path,
      headers: [...headers, json],
      body: JSON.stringify(body),
    })
  const { status } = await ask('/auth/forgot-password', { email: person.email })
  // What the parser of HTTP refuses causes no mail.
  if (status === 400) return []
  const mail = await inbox.waitFor(/new .*password/i, person.email)
  const links = (mail.text + mail.html).match(/https?:\/\/[^\s"'<>]+/g) ?? []
  if (links.length === 0) return ['a mail without a link']
  return links.filter((link) => new URL(link).origin !== fixture.issuer)
}

/** Zitadel CVE-2023-49097, koa CVE-2026-27959: our own address was taken from the request. */
export const hosts: Program = {
  name: 'hosts',
  title: 'no answer and no mail takes our address from the request',
  storages,
  limitMs: 300_000,
  async run(trial) {
    for (const proxies of ['0', '1']) {
      const stage = await openStage(trial, { TRUSTED_PROXIES: proxies })
      for (const headers of trial.isShort
        ? hostile.filter((_, n) => n % 4 === 1 || n > 16)
        : hostile) {
        const seen = await answers(stage, headers)
        const against = seen.flatMap(([path, answer]) => {
          const problem = strange(stage.fixture, answer)
          return problem === undefined ? [] : [`${path}: ${problem}`]
        })
        const links = await mails(stage, headers)
        const attack = `${nameOf(headers)}; TRUSTED_PROXIES=${proxies}`
        trial.report.row({ attack, tried: seen.length + 1, against: [...against, ...links] })
      }
    }
  },
}
