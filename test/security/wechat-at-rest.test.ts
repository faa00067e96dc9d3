import { sha256 } from '#lib/hashing.ts'
import { apiOf } from '../support/api.ts'
import { onEveryStorage } from '../support/storages.ts'
import { openWechat } from '../support/wechat.ts'
import { dumpStorage } from './dump.ts'
import { post } from './journey.ts'

onEveryStorage(
  'a copy of the storage, and the log, hold no session key, app secret, access token or code of WeChat',
  async (t, begin) => {
    const { wechat, second, env } = await openWechat(t)
    const fixture = await begin({ env })
    const api = apiOf(fixture)
    const answers: unknown[] = []
    for (const app of [wechat.app, second]) {
      for (const name of ['Li', 'Wu', 'Li']) {
        const code = wechat.login({ name }, app)
        const body = {
          code,
          app_id: app.id,
          phone_code: wechat.phoneCode('13800000000', app),
          ...wechat.seal({ name }, { nickName: name }, app),
        }
        const answer = await api.call('POST', '/auth/wechat-login', { body })
        t.is(answer.status, 200, JSON.stringify(answer.body))
        answers.push(answer.body, (await api.call('POST', '/auth/wechat-login', { body })).body)
      }
      const client = { id: 'first-party', secret: undefined }
      const grant_type = 'urn:yumen:params:oauth:grant-type:wechat-mini-program'
      const fields = { grant_type, code: wechat.login({ name: 'Li' }, app), app_id: app.id }
      answers.push((await post(`${fixture.issuer}/oauth/token`, client, fields)).text)
    }
    await fixture.server.services.telemetry.audit.flush()

    const { text } = await dumpStorage(fixture)
    // Guards against a dump that looks in the wrong place.
    t.true(text.includes(sha256(second.id)), 'the sealed access token is there')
    const kept = {
      storage: text,
      log: fixture.logLines.join('\n'),
      answers: JSON.stringify(answers),
    }
    t.true(wechat.secrets.size > 20)
    for (const [place, content] of Object.entries(kept))
      t.deepEqual(
        [...wechat.secrets].filter((secret) => content.includes(secret)),
        [],
        place,
      )
  },
)
