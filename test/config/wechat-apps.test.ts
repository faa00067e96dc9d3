import test from 'ava'
import { InvalidConfig } from '#config/load.ts'
import { wechatAppsOf } from '#config/wechat-apps.ts'

const own = { WECHAT_APP_ID: 'wx1', WECHAT_APP_SECRET: 'one' }

test('the environment’s mini program comes first, then the file’s', (t) => {
  const declared = [{ app_id: 'wx2', app_secret: 'two' }]
  t.deepEqual(wechatAppsOf(own, declared), [
    { appId: 'wx1', appSecret: 'one' },
    { appId: 'wx2', appSecret: 'two' },
  ])
  const none = { WECHAT_APP_ID: undefined, WECHAT_APP_SECRET: undefined }
  t.deepEqual(wechatAppsOf(none, []), [])
})

test('half of an app, one that is listed twice, and a secret that cannot be read are refused', (t) => {
  const refused = (work: () => unknown, message: RegExp) =>
    t.throws(work, { instanceOf: InvalidConfig, message })
  refused(() => wechatAppsOf({ ...own, WECHAT_APP_SECRET: undefined }, []), /must be set together/)
  refused(() => wechatAppsOf(own, [{ app_id: 'wx1', app_secret: 'two' }]), /wx1 is listed twice/)
  refused(
    () => wechatAppsOf(own, [{ app_id: 'wx2', app_secret_file: '/nowhere/at/all' }]),
    /cannot be read/,
  )
})
