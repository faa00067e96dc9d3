import test from 'ava'
import { decodeProtectedHeader, exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { parse } from 'node-html-parser'
import {
  dingtalkStandIn,
  feishuStandIn,
  wecomStandIn,
  type CompanyStandIn,
} from '../support/stand-ins/china.ts'
import { oidcStandIn } from '../support/stand-ins/oidc.ts'
import { start, type Fixture } from '../support/start.ts'
import { onStorages } from '../support/storages.ts'
import { begin, finish, press, signInWith } from './journey.ts'

/** What there is of the person after a sign-in with the provider. */
async function signedIn(fixture: Fixture, provider: string, { choice }: { choice?: 'new' } = {}) {
  const begun = await begin(fixture)
  const arrived = await signInWith(begun, provider)
  const sub = await finish(begun, choice ? await arrived.submit('/link', { choice }) : arrived)
  const [identity] = await fixture.storage.identities.listByUser(sub)
  return { user: await fixture.storage.users.findById(sub), identity }
}

const tenant = '9122040d-6c67-4c5b-b112-36a304b66dad'

onStorages(
  'Microsoft: every directory signs in by an issuer of its own, and an e-mail proves nothing',
  async (t, launch) => {
    const microsoft = await oidcStandIn(t, {
      issuerPath: '/common/v2.0',
      metadataIssuer: (url) => `${url}/{tenantid}/v2.0`,
      tokenIssuer: (url) => `${url}/${tenant}/v2.0`,
    })
    const fixture = await launch({
      env: {
        MICROSOFT_CLIENT_ID: microsoft.clientId,
        MICROSOFT_CLIENT_SECRET: microsoft.clientSecret,
        MICROSOFT_BASE_URL: microsoft.url,
      },
    })
    const claims = { sub: 'AAAA', tid: tenant, name: 'Li Hua', email: 'li@contoso.example' }
    microsoft.person = { ...claims, email_verified: true }
    const { user, identity } = await signedIn(fixture, 'microsoft', { choice: 'new' })
    t.like(user, { nickname: 'Li Hua', email: undefined, emailVerified: false })
    t.like(identity, { provider: 'microsoft', subject: 'AAAA', appId: microsoft.clientId })
    // The issuer of one directory, in the name of another; and a directory that is a path.
    for (const tid of ['00000000-0000-0000-0000-000000000000', '../evil', undefined]) {
      microsoft.person = { ...claims, tid }
      t.regex((await signInWith(await begin(fixture), 'microsoft')).text, /did not confirm/)
    }
  },
)

onStorages(
  'Apple: the secret is a JWT of ours, the answer a form from another site, the name comes once',
  async (t, launch) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const apple = await oidcStandIn(t, { isFormPost: true })
    apple.person = {
      sub: '001.a1.0204',
      email: 'x@privaterelay.appleid.com',
      email_verified: 'true',
    }
    apple.extra = { user: JSON.stringify({ name: { firstName: '华', lastName: 'Li' } }) }
    apple.isSecret = async (secret) => {
      const { payload } = await jwtVerify(secret ?? '', publicKey, {
        issuer: 'TEAM000001',
        subject: apple.clientId,
        audience: apple.url,
      })
      t.deepEqual(decodeProtectedHeader(secret!), { alg: 'ES256', kid: 'KEY0000001' })
      return payload.exp! - payload.iat! <= 15_777_000
    }
    const fixture = await launch({
      env: {
        APPLE_CLIENT_ID: apple.clientId,
        APPLE_TEAM_ID: 'TEAM000001',
        APPLE_KEY_ID: 'KEY0000001',
        APPLE_PRIVATE_KEY: await exportPKCS8(privateKey),
        APPLE_BASE_URL: apple.url,
      },
    })
    const begun = await begin(fixture)
    const { left } = await press(begun.login, 'apple')
    t.is(left!.searchParams.get('response_mode'), 'form_post')
    const form = parse(await (await fetch(left!)).text())
    const fields = form
      .querySelectorAll('input')
      .map((input): [string, string] => [input.getAttribute('name')!, input.getAttribute('value')!])
    // The browser adds none of our cookies to a form from another site.
    const posted = await fetch(`${fixture.issuer}/oauth/apple/callback`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: apple.url, 'sec-fetch-site': 'cross-site' },
      body: new URLSearchParams(fields),
    })
    t.is(posted.status, 303)
    const consent = await begun.browser.open(posted.headers.get('location')!)
    const sub = await finish(begun, consent)
    const user = await fixture.storage.users.findById(sub)
    t.like(user, { nickname: '华 Li', email: 'x@privaterelay.appleid.com', emailVerified: true })
  },
)

const companies: {
  id: string
  name: RegExp
  open(t: Parameters<typeof wecomStandIn>[0]): Promise<CompanyStandIn>
  env(of: CompanyStandIn): Record<string, string>
  identity: Record<string, unknown>
  nickname: string
}[] = [
  {
    id: 'wecom',
    name: /WeCom/,
    open: wecomStandIn,
    env: ({ id, secret, url }) => ({
      WECOM_CORP_ID: id,
      WECOM_AGENT_ID: '1000002',
      WECOM_SECRET: secret,
      WECOM_BASE_URL: url,
      WECOM_API_BASE_URL: url,
    }),
    identity: { provider: 'wecom', subject: 'zhangsan' },
    nickname: '张三 🐼',
  },
  {
    id: 'dingtalk',
    name: /DingTalk/,
    open: dingtalkStandIn,
    env: ({ id, secret, url }) => ({
      DINGTALK_CLIENT_ID: id,
      DINGTALK_CLIENT_SECRET: secret,
      DINGTALK_BASE_URL: url,
      DINGTALK_API_BASE_URL: url,
    }),
    identity: { provider: 'dingtalk', subject: 'liSiEiE', unionId: 'z21HjQliSzpw0Yxxxx' },
    nickname: '李四 🎏',
  },
  {
    id: 'feishu',
    name: /Feishu/,
    open: feishuStandIn,
    env: ({ id, secret, url }) => ({
      FEISHU_APP_ID: id,
      FEISHU_APP_SECRET: secret,
      FEISHU_BASE_URL: url,
      FEISHU_API_BASE_URL: url,
    }),
    identity: { provider: 'feishu', subject: 'ou-caecc734', unionId: 'on-d89jhsdhjsa' },
    nickname: '王五 🏮',
  },
]

for (const { id, name, open, env, identity, nickname } of companies) {
  onStorages(
    `${id}: a person signs in, cancels, and is refused with a wrong secret`,
    async (t, launch) => {
      const company = await open(t)
      const fixture = await launch({ env: env(company) })
      const first = await signedIn(fixture, id)
      t.like(first.identity, { ...identity, appId: company.id })
      t.like(first.user, { nickname, email: undefined })
      t.is((await signedIn(fixture, id)).user?.id, first.user?.id)

      company.mood = 'denying'
      const cancelled = await signInWith(await begin(fixture), id)
      t.regex(cancelled.text, /You did not sign in with/)
      t.regex(cancelled.text, name)
      company.mood = 'willing'
      company.secret = 'another'
      const other = await launch({ env: { ...env(company), [secretName(env(company))]: 'wrong' } })
      t.regex((await signInWith(await begin(other), id)).text, /did not confirm who you are/)
    },
  )
}

const secretName = (env: Record<string, string>): string =>
  Object.keys(env).find((name) => name.endsWith('SECRET'))!

test('WeCom: who is no member of the company is refused', async (t) => {
  const wecom = await wecomStandIn(t)
  wecom.person = { openid: 'oABC' }
  const fixture = await start(t, { env: companies[0]!.env(wecom) })
  t.regex((await signInWith(await begin(fixture), 'wecom')).text, /did not confirm/)
})
