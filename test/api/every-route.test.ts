import { onStorages } from '../support/storages.ts'
import { openInbox } from '../support/inbox.ts'
import { trust } from '../support/exchange.ts'
import { startIssuer } from '../support/issuer.ts'
import { openWechat } from '../support/wechat.ts'
import { accountJourney } from './account-journey.ts'
import { adminJourney } from './admin-journey.ts'
import { factorJourney } from './factor-journey.ts'
import { readContract } from './document.ts'
import { createJourney, tiresome } from './journey.ts'
import { wechatJourney } from './wechat-journey.ts'

/** An hour does not end on the way, however slow the machine is. */
const requestsPerHour = 20

/** What one server cannot show on one journey. */
const elsewhere = (one: string): boolean =>
  // A storage that is away: `test/contract/outages.ts`; the passwords that wait: `test/users/passwords.test.ts`.
  one.endsWith(' 503') ||
  // A passkey wants a browser: `test/browser/passkeys.test.ts`, and `test/factors/passkeys.test.ts` for what no browser says.
  /^POST \/(users\/me\/factors|auth)\/passkeys? (200|201|403|409)$/.test(one) ||
  // Registration is open here.
  one === 'POST /auth/register 403'

onStorages(
  'every route works and refuses as the OpenAPI document says, and none is left out',
  async (t, begin) => {
    const inbox = await openInbox(t)
    const { wechat, env } = await openWechat(t)
    const foreign = await startIssuer(t)
    const admin = { email: 'root@example.com', password: 'the first of them all' }
    const fixture = await begin({
      env: {
        ...env,
        ...trust(t, foreign),
        GOOGLE_CLIENT_ID: 'declared',
        GOOGLE_CLIENT_SECRET: 'declared',
        SMTP_URL: inbox.url,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        EMAIL_VERIFICATION: 'required',
        REQUESTS_PER_HOUR: String(requestsPerHour),
        TRUSTED_PROXIES: '1',
      },
    })
    const { issuer } = fixture
    for (let n = 0; n < requestsPerHour; n++)
      await fetch(`${issuer}/auth/logout`, {
        method: 'POST',
        headers: { 'x-forwarded-for': tiresome },
      })
    const weak = await fixture.addUser()
    const { key: weakKey } = await fixture.server.services.apiKeys.create(
      { userId: weak.id, name: 'weak', scopes: [] },
      { scopes: new Set() },
    )
    const contract = await readContract(issuer)
    const journey = createJourney({ t, issuer, contract, weakKey })
    await accountJourney({ journey, fixture, inbox, foreign })
    await adminJourney({ journey, fixture, admin })
    await factorJourney({ journey, fixture })
    await wechatJourney({ journey, fixture, wechat })
    t.deepEqual(
      journey.missed().filter((one) => !elsewhere(one)),
      [],
    )
  },
)
