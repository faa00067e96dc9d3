import test from 'ava'
import { appWith } from '../support/authenticator.ts'
import { apiOf } from '../support/api.ts'
import { auditOf } from '../federation/journey.ts'
import type { Page } from '../support/browser.ts'
import { openInbox } from '../support/inbox.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { rowsOf, signIn } from './person.ts'

const path = '/account/security'

/** The texts that a page shows to be copied. */
const copiedFrom = ({ root }: Page): string[] =>
  root.querySelectorAll('.copy code').map((one) => one.textContent)

const linkTo = ({ root }: Page, part: string): string =>
  root.querySelector(`main a[href*="${part}"]`)?.getAttribute('href') ?? ''

onStorages(
  'a person sets up an app on the page, signs in with it, and removes it',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const fixture = await begin({ env: { SMTP_URL: inbox.url } })
    const person = await fixture.addUser()
    const { browser } = await signIn(fixture, person, { path })
    const setUp = await browser.open(`${fixture.issuer}${path}/authenticator`)
    t.truthy(setUp.root.querySelector('.qr svg'))
    const [seed = ''] = copiedFrom(setUp)
    const app = appWith(seed.replaceAll(' ', ''))

    const wrong = await setUp.submit('/authenticator', { code: app.wrong() })
    t.is(wrong.status, 422)
    t.truthy(wrong.root.querySelector('[id$=code-error]'))
    t.deepEqual(copiedFrom(wrong), [seed])
    const codes = await wrong.submit('/authenticator', { code: app.next() })
    t.is(codes.status, 200)
    t.is(copiedFrom(codes)[0]?.split('\n').length, 10)
    t.truthy(await inbox.waitFor(/second factor was added/))

    // The session of the password alone is not enough any more.
    const asked = await browser.open(fixture.issuer + path)
    t.regex(asked.text, /Enter the code/)
    const other = await signIn(fixture, person, { path })
    const security = await other.page.submit('/second-factor', {
      code: app.next(),
      remember: 'yes',
    })
    t.is(security.url.pathname, path)
    t.regex(security.text, /10 left/)
    const [own = '', device = ''] = rowsOf(security)
    t.regex(own, /Authenticator app.*Added.*Last used/)
    t.regex(device, /Chrome on Windows/)
    const forgotten = await security.submit('/devices/forget')
    t.true(forgotten.text.includes('Browser forgotten. It asks for a second step again.'))
    t.is(rowsOf(forgotten).length, 1)

    const made = await forgotten.submit('/recovery-codes')
    t.notDeepEqual(copiedFrom(made), copiedFrom(codes))
    const one = await other.browser.open(fixture.issuer + linkTo(security, '/factors/'))
    const named = await one.submit(one.url.pathname, { name: 'My phone' })
    t.regex(rowsOf(named)[0] ?? '', /^My phone/)
    const removed = await one.submit('/remove')
    t.true(removed.text.includes('Removed.'))
    t.deepEqual(rowsOf(removed), [])
    await apiOf(fixture).login(person)
    for (const type of [
      'factor.added',
      'factor.renamed',
      'factor.removed',
      'recovery_codes.made',
      'device.forgotten',
    ])
      t.is((await auditOf(fixture, type))[0]?.actor, person.id, type)
  },
)

const passkey = (userId: string) => ({
  id: `of-${userId}`,
  userId,
  kind: 'passkey' as const,
  key: `of-${userId}`,
  name: 'Theirs',
  data: JSON.stringify({ id: 'BBBB', publicKey: 'AAAA', deviceType: 'singleDevice' }),
  counter: 0,
})

test('no one sees, renames or removes the factor of another, and no forged answer adds a passkey', async (t) => {
  const fixture: Fixture = await start(t)
  const [person, other] = [await fixture.addUser(), await fixture.addUser()]
  await fixture.storage.factors.add(passkey(other.id))
  const { browser, page } = await signIn(fixture, person, { path: `${path}/passkeys` })
  const theirs = `${path}/factors/of-${other.id}`
  t.is((await browser.open(fixture.issuer + theirs)).status, 404)
  const csrf = page.root.querySelector('input[name=csrf]')?.getAttribute('value') ?? ''
  for (const address of [theirs, `${theirs}/remove`])
    await fetch(fixture.issuer + address, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: await browser.jar.getCookieString(fixture.issuer) },
      body: new URLSearchParams({ csrf, name: 'Mine' }),
    })
  t.like(await fixture.storage.factors.listByUser(other.id), [{ name: 'Theirs' }])
  const forged = await page.submit('/passkeys', { response: 'not json' })
  t.is(forged.status, 422)
  t.regex(forged.text, /This passkey was not accepted/)
  t.is((await forged.submit('/passkeys', { response: '{"id":"x"}' })).status, 422)
  t.deepEqual(await fixture.storage.factors.listByUser(person.id), [])
})
