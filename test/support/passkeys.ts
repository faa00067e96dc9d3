import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { CDPSession, Page } from 'playwright-core'
import { apiOf } from './api.ts'
import type { Fixture, Person } from './start.ts'

/** A passkey provider inside Chromium, as the operating system would have one. */
export interface VirtualAuthenticator {
  cdp: CDPSession
  id: string
  /** Whether it answers by itself, as if someone touched it. */
  answers(isPresent: boolean): Promise<void>
}

export async function addAuthenticator(
  page: Page,
  { hasUserVerification = true } = {},
): Promise<VirtualAuthenticator> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: hasUserVerification ? 'internal' : 'usb',
      hasResidentKey: hasUserVerification,
      hasUserVerification,
      isUserVerified: hasUserVerification,
      automaticPresenceSimulation: true,
    },
  })
  return {
    cdp,
    id,
    answers: async (enabled) =>
      void (await cdp.send('WebAuthn.setAutomaticPresenceSimulation', {
        authenticatorId: id,
        enabled,
      })),
  }
}

/** What `navigator.credentials` makes of the options, in the page that stands open. */
export const answerIn = (
  page: Page,
  kind: 'create' | 'get',
  options: object,
): Promise<Record<string, unknown>> =>
  page.evaluate(
    `(async (kind, json) => {
      const parse = kind === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'
      const publicKey = PublicKeyCredential[parse](json)
      return (await navigator.credentials[kind]({ publicKey })).toJSON()
    })(${JSON.stringify(kind)}, ${JSON.stringify(options)})`,
  )

/** Adds a passkey of the page's authenticator to the person's account, over the JSON API. */
export async function enrolPasskey(
  fixture: Fixture,
  page: Page,
  person: Person,
): Promise<{ id: string; recovery_codes: string[] | null }> {
  const api = apiOf(fixture)
  const { access_token: token } = await api.login(person)
  await page.goto(`${fixture.issuer}/health/live`)
  const options = await api.call('POST', '/users/me/factors/passkeys/options', { token, body: {} })
  const response = await answerIn(page, 'create', options.body)
  const body = { response, name: 'My laptop' }
  const added = await api.call('POST', '/users/me/factors/passkeys', { token, body })
  if (added.status !== 201) throw new Error(`${added.status} ${JSON.stringify(added.body)}`)
  return { id: added.body.factor.id, recovery_codes: added.body.recovery_codes }
}

/** The application: an empty page at an address of its own, where the browser comes back. */
export async function openApplication(
  t: ExecutionContext,
): Promise<{ redirectUri: string; back(page: Page): Promise<URL> }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>app</title>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
  return {
    redirectUri,
    async back(page) {
      await page.waitForURL(`${redirectUri}?**`)
      return new URL(page.url())
    },
  }
}
