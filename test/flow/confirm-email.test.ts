import test, { type ExecutionContext } from 'ava'
import { codeIn, otherThan } from '../support/codes.ts'
import { openInbox } from '../support/inbox.ts'
import { createBrowser, relyingParty } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'

const password = 'a fine long pass phrase'

/** A server that lets no one in whose address is not confirmed, and a browser that has come from an application. */
async function open(
  t: ExecutionContext,
  begin: (options: { env: Record<string, string> }) => Promise<Fixture>,
) {
  const inbox = await openInbox(t)
  const fixture = await begin({ env: { SMTP_URL: inbox.url, EMAIL_VERIFICATION: 'required' } })
  const party = await relyingParty(fixture, await fixture.addClient())
  return {
    inbox,
    fixture,
    async arrive(parameters: Record<string, string> = {}) {
      const pending = await party.begin(parameters)
      const browser = createBrowser(fixture.issuer)
      return { pending, browser, page: await browser.open(pending.url.href) }
    },
  }
}

onStorages(
  'a newcomer types the code of the mail and goes on to the application',
  async (t, begin) => {
    const { inbox, fixture, arrive } = await open(t, begin)
    const { pending, page } = await arrive({ prompt: 'create' })
    const asked = await page.submit('/register', { email: 'li.hua@example.com', password })
    t.is(asked.status, 200)
    t.regex(asked.text, /Enter the code We sent it to li\.hua@example\.com/)
    const code = codeIn(await inbox.waitFor(/^Your code is/))

    const wrong = await asked.submit('/verify', { code: otherThan(code) })
    t.is(wrong.status, 422)
    t.regex(wrong.text, /wrong or no longer valid/)
    const consent = await wrong.submit('/verify', { code })
    const { left } = await consent.submit('/consent')
    const claims = (await pending.redeem(left!)).claims()
    const user = await fixture.storage.users.findByIdentifier('li.hua@example.com')
    t.is(claims?.sub, user?.id)
    t.true(user?.emailVerified)
  },
)

onStorages(
  'a password that fits leads to the code, and a new one can be sent',
  async (t, begin) => {
    const { inbox, fixture, arrive } = await open(t, begin)
    const person = await fixture.addUser()
    const { page } = await arrive()
    const asked = await page.submit('/login', {
      identifier: person.email,
      password: person.password,
    })
    const first = codeIn(await inbox.waitFor(/^Your code is/))
    inbox.received.length = 0
    const again = await asked.submit('/verify', { send: 'yes' })
    t.regex(again.text, /A new code is on its way to/)
    const second = codeIn(await inbox.waitFor(/^Your code is/))
    if (first !== second) t.is((await again.submit('/verify', { code: first })).status, 422)
    t.regex((await again.submit('/verify', { code: second })).text, /wants to use your account/)
  },
)

test('a person who opens the link in the same browser instead goes on', async (t) => {
  const { inbox, arrive } = await open(t, (options) => start(t, options))
  const { page, browser } = await arrive({ prompt: 'create' })
  const asked = await page.submit('/register', { email: 'li.hua@example.com', password })
  t.regex((await asked.submit('/verify', { code: '' })).text, /Enter the six digits/)
  const { text } = await inbox.waitFor(/^Your code is/)
  const link = await browser.open(/http\S+token=\S+/.exec(text)![0])
  t.notRegex(link.text, /another browser|This was not me/)
  t.regex((await link.submit('/verify-email')).text, /Your address is confirmed/)
  t.regex((await asked.submit('/verify', { code: '' })).text, /wants to use your account/)
})

test('a person who opens the link in another browser signs in once more', async (t) => {
  const { inbox, arrive, fixture } = await open(t, (options) => start(t, options))
  const person = await fixture.addUser()
  const { page } = await arrive()
  const given = { identifier: person.email, password: person.password }
  const asked = await page.submit('/login', given)
  const { text } = await inbox.waitFor(/^Your code is/)
  const elsewhere = createBrowser(fixture.issuer)
  // A neighbouring site can set a cookie, and cannot sign it.
  await elsewhere.jar.setCookie(`yumen_registered=${person.id}`, fixture.issuer)
  const link = await elsewhere.open(/http\S+token=\S+/.exec(text)![0])
  t.regex(link.text, /created in another browser, with the address \S+, on/)
  t.regex((await link.submit('/verify-email')).text, /Your address is confirmed/)
  const again = await asked.submit('/verify', { code: '' })
  t.is(again.status, 200)
  t.regex((await again.submit('/login', given)).text, /wants to use your account/)
})

onStorages('a taken e-mail leads to the same page, and no code works there', async (t, begin) => {
  const { inbox, fixture, arrive } = await open(t, begin)
  const person = await fixture.addUser()
  const seen = []
  for (const email of [person.email, 'new.person@example.com']) {
    const { page } = await arrive({ prompt: 'create' })
    const asked = await page.submit('/register', { email, password })
    const shown = asked.html.replaceAll(email, '…').replaceAll(asked.url.pathname, '…')
    seen.push({
      asked,
      status: asked.status,
      headers: [...asked.headers.keys()],
      shown: shown.replaceAll(/\/interaction\/[\w-]+|name="csrf" value="[^"]*"/g, '…'),
    })
  }
  const [taken, free] = seen as [(typeof seen)[0], (typeof seen)[0]]
  t.is(taken.status, free.status)
  t.deepEqual(taken.headers, free.headers)
  t.is(taken.shown, free.shown)
  t.deepEqual((await inbox.waitFor(/already have an account/)).to, [person.email])

  // Even the owner's own code, should they have one, lets no one in who has not given their password.
  await fixture.server.services.accounts.recovery.requestVerification(
    { email: person.email },
    { locale: 'zh-CN' },
  )
  const code = codeIn(await inbox.waitFor(/^你的验证码/))
  const tried = await taken.asked.submit('/verify', { code })
  t.is(tried.status, 422)
  t.regex(tried.text, /wrong or no longer valid/)
  t.is((await taken.asked.submit('/verify', { send: 'yes' })).status, 200)
  t.false((await fixture.storage.users.findById(person.id))?.emailVerified)
})

test('what is wrong beside a taken e-mail is told, and the e-mail is not', async (t) => {
  const { fixture, arrive } = await open(t, (options) => start(t, options))
  const person = await fixture.addUser({ username: 'xiaoming' })
  for (const email of [person.email, 'new.person@example.com']) {
    const { page } = await arrive({ prompt: 'create' })
    for (const fields of [{ username: 'a b' }, { username: 'XiaoMing' }]) {
      const again = await page.submit('/register', { email, password, ...fields })
      t.is(again.status, 422)
      t.truthy(again.root.querySelector('#username-error'))
      t.falsy(again.root.querySelector('#email-error'))
    }
  }
})

test('an account without an address has none to confirm', async (t) => {
  const { fixture, arrive } = await open(t, (options) => start(t, options))
  const person = await fixture.addUser({ username: 'machine' })
  await fixture.storage.users.update(person.id, { email: undefined })
  const { page } = await arrive()
  const next = await page.submit('/login', { identifier: 'machine', password: person.password })
  t.regex(next.text, /wants to use your account/)
})

test('no one comes to the page of the code without a password or a registration', async (t) => {
  const { arrive } = await open(t, (options) => start(t, options))
  const { browser, page } = await arrive()
  t.is((await browser.open(`${page.url.pathname}/verify`)).status, 400)
})
