import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { authorizeUrl } from '../security/journey.ts'
import { newAddress, type Findings, type Question } from '../security/stranger.ts'
import { createBrowser } from '../support/browser.ts'
import { cookiesOf, formOf } from './forms.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { openStage, type Stage } from './stage.ts'

const bodies: Record<string, object> = {
  '/auth/register': { email: 'ADDRESS', password: 'a fine long pass phrase', nickname: '小明' },
  '/auth/login': { email: 'ADDRESS', password: 'not the password' },
  '/auth/forgot-password': { email: 'ADDRESS' },
  '/auth/request-verify': { email: 'ADDRESS' },
  '/auth/verify-email': { email: 'ADDRESS', code: '000000' },
}

/** More than this share of the spread among the times of one and the same person, and a stranger needs few samples. */
const mostShare = 0.5

type Asked = Pick<Question, 'url' | 'body' | 'cookie'>

/** Forms are posted again and again with the cookies of the page that they stood on. */
async function forms({ fixture }: Stage): Promise<Record<string, Asked>> {
  const browser = createBrowser(fixture.issuer)
  const { id, secret } = await fixture.addClient()
  const login = await browser.open(authorizeUrl(fixture, { id, secret }).href)
  const mail = await browser.open(login.root.querySelector('a.mail')!.getAttribute('href')!)
  const asked = async (page: typeof login, action: string, more: string): Promise<Asked> => {
    const form = formOf(page, action)
    const body = `${new URLSearchParams({ csrf: form.fields['csrf']! }).toString()}&${more}`
    const cookie = await cookiesOf(browser, form.action)
    return { url: form.action.href, body, cookie }
  }
  return {
    'the login page': await asked(login, '/login', 'identifier=ADDRESS&password=not+this'),
    'the mail page': await asked(mail, '/mail', 'email=ADDRESS'),
  }
}

async function ask(question: Question): Promise<Findings> {
  // A thread of its own: on the server's, it would feel the work that goes on behind the answer.
  const file = new URL('../security/stranger.ts', import.meta.url)
  const stranger = new Worker(file, { workerData: question })
  const [findings] = (await once(stranger, 'message')) as [Findings]
  await stranger.terminate()
  return findings
}

/**
 * authentik CVE-2023-39522: a server that says, or shows by its time, who has an account. Times are judged within one run
 * alone: the difference of the medians against the spread among the times of one person.
 */
export const timing: Program = {
  name: 'timing',
  title: 'neither an answer nor its time tells who has an account',
  storages,
  limitMs: 900_000,
  async run(trial) {
    const env = { EMAIL_VERIFICATION: 'required', SIGN_IN_WITH_EMAIL: 'both' }
    const stage = await openStage(trial, env)
    const { fixture } = stage
    const apis = Object.entries(bodies).map(([path, body]): [string, Asked] => [
      `POST ${path}`,
      { url: fixture.issuer + path, body: JSON.stringify(body) },
    ])
    for (const [name, asked] of [...apis, ...Object.entries(await forms(stage))]) {
      const { email: known, id } = await fixture.addUser({ email: newAddress() })
      // Who has not confirmed the address is sent no mail that signs in.
      if (name === 'the mail page') await fixture.storage.users.update(id, { emailVerified: true })
      const isUsedUp = name.endsWith('/register')
      const samples = trial.isShort ? 60 : 200
      const seen = await ask({ ...asked, known, isUsedUp, warmUp: 10, samples })
      const share = Math.abs(seen.difference) / seen.spread
      const [a, b, difference, spread] = [
        seen.known,
        seen.unknown,
        seen.difference,
        seen.spread,
      ].map((ms) => ms.toFixed(2))
      trial.report.row({
        attack: name,
        tried: `2 × ${samples}`,
        found: `${a} and ${b} ms; ${difference} ms apart, spread ${spread} ms; ${seen.answers.length} kind of answer`,
        aim: `less than ${mostShare} × spread; 1 kind`,
        against: [
          ...(share < mostShare ? [] : [`the medians are ${share.toFixed(2)} × the spread apart`]),
          ...(seen.answers.length === 1
            ? []
            : [`different answers: ${seen.answers.join(' / ').slice(0, 1500)}`]),
        ],
      })
    }
  },
}
