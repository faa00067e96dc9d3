import test from 'ava'
import * as oidc from 'openid-client'
import { refusal } from '../flow/journeys.ts'
import { authorize, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { signIn } from './person.ts'

const path = '/account/apps'

onStorages(
  'an app says what it may do in sentences, and its tokens die with its access',
  async (t, begin) => {
    const fixture = await begin()
    const person = await fixture.addUser()
    const client = await fixture.addClient({ client_name: '石墨文档 & Notes' })
    const party = await relyingParty(fixture, client)
    const { browser, page } = await signIn(fixture, person, { path })
    t.true(page.text.includes('No connected apps'))
    const pending = await party.begin({
      scope: 'openid email offline_access account:write',
      resource: fixture.config.API_RESOURCE,
      prompt: 'consent',
    })
    const tokens = await pending.redeem(await authorize(browser, pending.url, person))

    const listed = await browser.open(fixture.issuer + path)
    for (const words of [
      '石墨文档 & Notes',
      'See your e-mail address',
      'Sensitive: Change your profile and settings',
      'while you are away',
      'Since',
    ])
      t.true(listed.text.includes(words), words)
    t.false(listed.text.includes('account:write'))

    const removed = await listed.submit(`${path}/remove`)
    t.true(removed.text.includes('Access removed.'))
    t.true(removed.text.includes('No connected apps'))
    t.is(
      await refusal(oidc.refreshTokenGrant(party.config, tokens.refresh_token!)),
      'invalid_grant',
    )
  },
)

test('the operator’s own applications are not among those that someone has let in', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const { page } = await signIn(fixture, person, { path })
  t.true((await fixture.server.services.signIns.sessions.listGrants(person.id)).length > 0)
  t.true(page.text.includes('No connected apps'))
})
