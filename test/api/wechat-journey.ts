import { post } from '../security/journey.ts'
import type { Person, Wechat } from '../support/wechat.ts'
import type { Stage } from './account-journey.ts'

/** WeChat's errcodes for an app id that it does not know, and for an app that asks too often. */
const unknownApp = 40013
const tooOften = 45009

/** What mini programs and their servers ask for. */
export async function wechatJourney({
  journey: { visit, refused },
  fixture,
  wechat,
}: Stage & { wechat: Wechat }): Promise<void> {
  const wei: Person = { name: '张伟 🌱' }
  const code = (person = wei) => ({ code: wechat.login(person) })
  await visit('POST /auth/wechat-login', { body: code() })
  await refused('POST /auth/wechat-login', 403, { body: code({ name: 'Eve', isBlocked: true }) })

  const token = await serverToken(fixture)
  const phone = () => ({ code: wechat.phoneCode('13800138000') })
  wechat.mood.errcode = tooOften
  await refused('POST /wechat/phone', 429, { token, body: phone() })
  await refused('POST /wechat/qrcode', 429, { token, body: { scene: 'a=1' } })
  wechat.mood.errcode = undefined
  await visit('POST /wechat/phone', { token, body: phone() })
  await visit('POST /wechat/qrcode', { token, body: { scene: 'a=1', is_hyaline: true } })

  wechat.mood.errcode = unknownApp
  await refused('POST /auth/wechat-login', 502, { body: code() })
  await refused('POST /wechat/phone', 502, { token, body: phone() })
  await refused('POST /wechat/qrcode', 502, { token, body: { scene: 'a=1' } })
}

async function serverToken(fixture: Stage['fixture']): Promise<string> {
  const own = { grant_type: 'client_credentials', scope: 'wechat:server' }
  const client = await fixture.addClient({
    grant_types: [own.grant_type],
    redirect_uris: [],
    response_types: [],
    scope: own.scope,
  })
  const form = { ...own, resource: fixture.config.API_RESOURCE }
  const { json } = await post(`${fixture.issuer}/oauth/token`, client, form)
  return String(json['access_token'])
}
