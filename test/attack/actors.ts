import { newId } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { addApp } from '../support/authenticator.ts'
import { createBrowser } from '../support/browser.ts'
import { signIn } from '../account/person.ts'
import {
  authorizeUrl,
  newCast,
  obtainCode,
  offline,
  startDevice,
  withoutRedirect,
  deviceGrant,
} from '../security/journey.ts'
import type { Actor } from './crawl.ts'
import type { Stage } from './stage.ts'

const linkIn = ({ text }: { text: string }): string => /http\S+token=\S+/.exec(text)![0]

/** No one yet: at the pages of a sign-in, and at those that mails lead to. */
async function visitor({ fixture, inbox }: Stage): Promise<Actor> {
  const { issuer } = fixture
  const { client, person } = await newCast(fixture)
  const { email } = person
  const { call } = apiOf(fixture)
  await call('POST', '/auth/forgot-password', { body: { email } })
  await call('POST', '/auth/request-verify', { body: { email } })
  return {
    name: 'visitor',
    browser: createBrowser(issuer),
    starts: [
      authorizeUrl(fixture, client).href,
      linkIn(await inbox.waitFor(/new .*password/i, email)),
      linkIn(await inbox.waitFor(/^Your code is/, email)),
      `${issuer}/device`,
      `${issuer}/oauth/logout`,
    ],
  }
}

/** In the account centre, with something of everything; and before the consent of another application. */
async function person({ fixture }: Stage): Promise<Actor> {
  const { issuer, storage, server } = fixture
  const who = await fixture.addUser()
  await storage.users.update(who.id, { emailVerified: true })
  await signIn(fixture, who)
  const { browser } = await signIn(fixture, who)
  const connected = await newCast(fixture)
  await obtainCode({ ...connected, person: who, browser }, offline)
  await server.services.apiKeys.create(
    { userId: who.id, name: 'ci', scopes: [] },
    { scopes: new Set() },
  )
  const google = { provider: 'google', appId: 'a', subject: newId(), profile: {} }
  await storage.identities.link(who.id, google)
  const seen = { address: '192.0.2.1', agent: 'x' }
  await server.services.strongSignIn.rememberedDevices.remember({ userId: who.id }, seen)
  const device = await newCast(fixture, withoutRedirect(deviceGrant))
  const { user_code } = await startDevice(device)
  const asking = await fixture.addClient()
  return {
    name: 'person',
    browser,
    starts: [
      `${issuer}/account`,
      authorizeUrl(fixture, asking).href,
      `${issuer}/device?user_code=${user_code}`,
      `${issuer}/oauth/logout`,
    ],
  }
}

/** Past the password, and before the second factor. */
async function halfway({ fixture }: Stage): Promise<Actor> {
  const who = await fixture.addUser()
  await addApp(fixture, who.id)
  const { browser, page } = await signIn(fixture, who)
  return { name: 'before the second factor', browser, starts: [page.url.href] }
}

async function administrator({ fixture }: Stage): Promise<Actor> {
  const { issuer, storage } = fixture
  const who = await fixture.addUser()
  await storage.users.update(who.id, { roles: ['admin'], emailVerified: true })
  await storage.roles.put({ name: 'clerk', description: undefined, permissions: {} })
  const scopes = [{ name: 'read', description: { en: 'Read' } }]
  await storage.resources.put({ identifier: 'https://api.example', name: { en: 'A' }, scopes })
  await fixture.addClient()
  const { access_token: token } = await apiOf(fixture).login(who)
  const body = { id: 'hub', kind: 'github', client_id: 'notes', client_secret: 'not so secret' }
  await apiOf(fixture).call('POST', '/admin/providers', { token, body })
  const { browser } = await signIn(fixture, who)
  return { name: 'administrator', browser, starts: [`${issuer}/console`] }
}

export const actors = [visitor, person, halfway, administrator]
