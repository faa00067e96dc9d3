import test from 'ava'
import { newId, newSecret } from '#lib/ids.ts'
import { createSecretKeyUse } from '#operations/secret-key.ts'
import { yumen } from '../cli/cli.ts'
import { addApp } from '../support/authenticator.ts'
import { createBrowser, relyingParty, signIn } from '../support/relying-party.ts'
import { start, type Fixture } from '../support/start.ts'
import { onEveryDatabase, onStorages } from '../support/storages.ts'
import { balancer, portOf } from './instances.ts'
import { signedIn } from './journeys.ts'

/** A long-lived sealed value of several kinds. */
async function fill(fixture: Fixture) {
  const { storage, server } = fixture
  const { services } = server
  const person = await fixture.addUser()
  const app = await addApp(fixture, person.id)
  const user = (await storage.users.findById(person.id))!
  const recoveryCodes = (await services.strongSignIn.factors.makeRecoveryCodes(user))!
  await services.strongSignIn.rememberedDevices.remember(
    { userId: person.id },
    { address: '::1', agent: 'a browser' },
  )
  const device = { address: '::1', agent: 'an app', seenAt: 1 }
  const payload = services.sealer.seal(JSON.stringify(device), 'device')
  await storage.artifacts.put('Device', 'device', { payload, accountId: person.id })
  await storage.providers.put({
    id: 'acme',
    recipe: { kind: 'github', client_id: 'app' },
    sealedSecret: services.federation.providers.seal('acme', 'the secret of acme'),
  })
  return { userId: person.id, app, recoveryCodes }
}

const jwksOf = async (fixture: Fixture): Promise<string> =>
  (await fetch(`${portOf(fixture)}/oauth/jwks`)).text()

onEveryDatabase(
  'after reseal a server that knows only the new secret has lost nothing',
  async (t, begin) => {
    const fixture = await begin()
    const { storage, config } = fixture
    const { userId, app, recoveryCodes } = await fill(fixture)
    const secrets: [string, string] = [newSecret(48), config.SECRET_KEY!]
    const use = createSecretKeyUse(storage.sealed, secrets)
    const needing = async (): Promise<string[]> =>
      (await use.count()).filter(({ secret }) => secret !== 0).map(({ place }) => place)

    const before = ['Device', 'RememberedDevice', 'providers', 'signing-keys', 'totp']
    t.deepEqual((await needing()).toSorted(), before)
    t.is(await use.reseal(), 8, 'four keys and one of each other')
    t.deepEqual(await needing(), [])
    t.is(await use.reseal(), 0)

    const after = await start(t, { beside: fixture, env: { SECRET_KEY: secrets[0] } })
    t.is(await jwksOf(after), await jwksOf(fixture))
    const {
      federation,
      strongSignIn: { secondFactor, rememberedDevices },
      signIns: { sessions },
    } = after.server.services
    const answer = (method: 'totp' | 'recovery', code: string) =>
      secondFactor.verify(userId, { method, code, purpose: '' })
    t.like(await answer('totp', app.next()), { accepted: true })
    t.like(await answer('recovery', recoveryCodes[0]!), { accepted: true })
    t.truthy(federation.providers.find('acme'))
    t.is((await rememberedDevices.list(userId)).length, 1)
    t.like(await sessions.list(userId), [{ agent: 'an app' }])
  },
)

onStorages(
  'during a rolling change of SECRET_KEY a sign-in may meet another server at each step',
  async (t, begin) => {
    const { address, spreadOver } = await balancer(t)
    const [old, renewed] = [newSecret(48), newSecret(48)]
    const fixture = await begin({ env: { ISSUER: address } })
    const env = { ISSUER: address, SECRET_KEY_PREVIOUS: `${fixture.config.SECRET_KEY!},${renewed}` }
    const begun = await start(t, { beside: fixture, env: { ...env, SECRET_KEY: old } })
    const after = await start(t, {
      beside: fixture,
      env: {
        ...env,
        SECRET_KEY: renewed,
        SECRET_KEY_PREVIOUS: `${fixture.config.SECRET_KEY!},${old}`,
      },
    })
    spreadOver([begun.server.port, after.server.port])

    const person = await fixture.addUser()
    const party = await relyingParty(begun, await fixture.addClient())
    for (let round = 0; round < 2; round++) {
      const browser = createBrowser(address)
      const pending = await party.begin({ scope: 'openid', prompt: 'login consent' })
      const consent = await signIn(await browser.open(pending.url.href), person)
      const { left } = await consent.submit('/consent')
      const tokens = await pending.redeem(left!)
      t.is(tokens.claims()?.sub, person.id)
      // One more request, so that the second round meets the servers in the other order.
      await fetch(`${address}/health/live`)
    }
  },
)

test('secret-key status shows what needs the old secret, and reseal changes that', async (t) => {
  const fixture = await start(t)
  const { config, storage } = fixture
  await fill(fixture)
  await storage.mailQueue.add({
    id: newId(),
    to: 'a@example.com',
    subject: 'a',
    sealedBody: 'v1.unknown_.a.b',
  })
  const { NODE_ENV, DATA_DIR, DATABASE_URL } = config
  const env = { NODE_ENV, DATA_DIR, DATABASE_URL, SECRET_KEY: newSecret(48) }
  const both = { ...env, SECRET_KEY_PREVIOUS: config.SECRET_KEY! }
  const status = await yumen(both, 'secret-key', 'status')
  t.is(status.code, 1, status.err)
  t.regex(status.out, /^totp +1 {2}SECRET_KEY_PREVIOUS \(1\)$/m)
  t.regex(status.out, /^mail +1 {2}an unknown secret$/m)
  t.regex(status.out, /run "secret-key reseal"\.$/m)

  const done = await yumen(both, 'secret-key', 'reseal')
  t.is(done.code, 0, done.err)
  t.regex(done.out, /^Sealed again: 8$/m)
  t.regex(done.out, /^totp +1 {2}SECRET_KEY$/m)
  t.regex(done.out, /^Nothing in the database needs SECRET_KEY_PREVIOUS\.$/m)
  const { events } = await storage.audit.list({ type: 'secret_key.', limit: 9 })
  t.like(events, [{ type: 'secret_key.resealed', actor: 'cli', details: { count: 8 } }])

  await signedIn(fixture)
  const later = await yumen(both, 'secret-key', 'status')
  t.is(later.code, 1)
  t.regex(later.out, /^Session +1 {2}SECRET_KEY_PREVIOUS \(1\)$/m)
  t.regex(later.out, /until these values expire\.$/m)
})
