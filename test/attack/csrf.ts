import { newSecret } from '#lib/ids.ts'
import type { Answer } from '../security/journey.ts'
import { actors } from './actors.ts'
import { crawl, type Actor, type Crawl } from './crawl.ts'
import { cookiesOf, formsOf, post, type Form } from './forms.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage } from './stage.ts'

interface Attempt {
  form: Form
  /** What the browser would send with it. */
  headers: Record<string, string>
  /** The token that the form of someone else has. */
  theirs: string
}

/** Ours, and the engine's, which is in the session and new with each page. */
const tokens = ['csrf', 'xsrf']
const isEngines = ({ fields }: Form): boolean => 'xsrf' in fields

const without = ({ fields }: Form): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !tokens.includes(name)))

const withToken = (form: Form, token: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form.fields).map(([name, value]) => [
      name,
      tokens.includes(name) ? token : value,
    ]),
  )

const evil = 'https://evil.example'

/** The ways in which another site, or someone else, could have a browser post a form. */
const variants: Record<string, (attempt: Attempt) => Promise<Answer>> = {
  'no token': ({ form, headers }) => post(form, without(form), headers),
  'an empty token': ({ form, headers }) => post(form, withToken(form, ''), headers),
  'the token of another': ({ form, headers, theirs }) =>
    post(form, withToken(form, theirs), headers),
  'another Origin': ({ form, headers }) => post(form, form.fields, { ...headers, origin: evil }),
  'Origin: null': ({ form, headers }) => post(form, form.fields, { ...headers, origin: 'null' }),
  'Sec-Fetch-Site: cross-site': ({ form, headers }) =>
    post(form, form.fields, { ...headers, 'sec-fetch-site': 'cross-site' }),
  'Sec-Fetch-Site: same-site': ({ form, headers }) =>
    post(form, form.fields, { ...headers, 'sec-fetch-site': 'same-site' }),
  'no cookies': ({ form }) => post(form, form.fields),
}

/** Sent to sign in first, which is what happens to anyone who has no cookies. */
const isSentAway = ({ status, headers }: Answer): boolean =>
  status === 303 &&
  /^(https?:\/\/[^/]+)?\/(oauth\/authorize|interaction)/.test(headers.get('location') ?? '')

/** Every form of every page, posted as its page did not mean it. */
export const csrf: Program = {
  name: 'csrf',
  title: 'every form that a crawl finds, posted without its token, from elsewhere, or by another',
  storages,
  limitMs: 300_000,
  async run(trial) {
    const stage = await openStage(trial)
    for (const begin of actors) {
      const actor = await begin(stage)
      const other = await begin(stage)
      const found = await crawl(actor, stage.fixture.issuer)
      const theirs = await crawl(other, stage.fixture.issuer)
      const { attack, tried, against } = await attackAll(actor, { found, theirs })
      trial.say(`${actor.name}: ${[...found.forms.keys()].join(' ')}`)
      trial.report.row({ attack, tried, against })
    }
  },
}

async function attackAll(
  actor: Actor,
  { found, theirs }: { found: Crawl; theirs: Crawl },
): Promise<{ attack: string; tried: number; against: string[] }> {
  const against: string[] = []
  const others = [...theirs.forms.values()].flatMap(({ fields }) =>
    tokens.flatMap((name) => fields[name] ?? []),
  )
  let tried = 0
  for (const [kind, form] of found.forms) {
    const cookie = await cookiesOf(actor.browser, form.action)
    const token = theirs.forms.get(kind)?.fields['csrf'] ?? others[0] ?? newSecret()
    const attempt = { form, headers: { cookie }, theirs: token }
    for (const [name, run] of Object.entries(variants)) {
      // The engine believes its token alone, which no other site can read.
      if (isEngines(form) && /Origin|Site/.test(name)) continue
      tried += 1
      const answer = await run(isEngines(form) ? await renewed(actor, attempt) : attempt)
      const isRefused = answer.status >= 400 || (name === 'no cookies' && isSentAway(answer))
      if (!isRefused || answer.status >= 500) against.push(`${kind}, ${name}: ${answer.status}`)
    }
  }
  const attack = `${actor.name}: ${found.forms.size} forms on ${found.pages.length} pages`
  return { attack, tried, against }
}

async function renewed({ browser }: Actor, attempt: Attempt): Promise<Attempt> {
  const page = await browser.open(attempt.form.page.href)
  const { pathname } = attempt.form.action
  const form = formsOf(page).find(({ action }) => action.pathname === pathname) ?? attempt.form
  return { ...attempt, form, headers: { cookie: await cookiesOf(browser, form.action) } }
}
