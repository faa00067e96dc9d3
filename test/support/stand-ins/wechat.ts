import type { ExecutionContext } from 'ava'
import { newSecret } from '#lib/ids.ts'
import { sendBack, standIn, type Asked, type Reply, type StandIn } from './server.ts'

/**
 * WeChat in the browser: open.weixin.qq.com and api.weixin.qq.com at one address. Every answer has status 200, and errors
 * are text; codes work once; the in-app page insists on the order of the parameters.
 */
export interface WechatStandIn extends StandIn {
  appId: string
  secret: string
  person: { openid: string; unionid?: string; nickname: string; headimgurl: string }
  /** Fields of the token answer, such as `is_snapshotuser`. */
  more: Record<string, unknown>
  /** With `errcode` the API answers with that. */
  errcode: number
  mood: 'willing' | 'denying'
}

const order =
  /^\?appid=[^&]+&redirect_uri=[^&]+&response_type=code&scope=\w+&state=[a-zA-Z0-9]{1,128}$/

export async function wechatStandIn(t: Pick<ExecutionContext, 'teardown'>): Promise<WechatStandIn> {
  const codes = new Set<string>()
  const spent = new Set<string>()
  const accessToken = newSecret(60)
  const failure = (errcode: number, errmsg: string): Reply => ({
    type: 'text/plain',
    body: JSON.stringify({ errcode, errmsg: `${errmsg} rid: 65a0-1b2c-3d4e` }),
  })
  const authorize = (scope: string) => (asked: Asked) => {
    const search = `?${asked.query.toString()}`
    if (!order.test(search) || asked.query.get('scope') !== scope)
      return { type: 'text/html', body: 'Scope 参数错误或没有 Scope 权限' }
    if (self.mood === 'denying') return sendBack(asked, {})
    const code = newSecret(24)
    codes.add(code)
    return sendBack(asked, { code })
  }
  const server = await standIn(t, {
    'GET /connect/qrconnect': authorize('snsapi_login'),
    'GET /connect/oauth2/authorize': authorize('snsapi_userinfo'),
    'GET /sns/oauth2/access_token': ({ query }) => {
      const code = query.get('code') ?? ''
      if (self.errcode) return failure(self.errcode, 'system error')
      if (query.get('appid') !== self.appId) return failure(40_013, 'invalid appid')
      if (query.get('secret') !== self.secret) return failure(40_125, 'invalid appsecret')
      if (spent.has(code)) return failure(40_163, 'code been used')
      if (!codes.delete(code)) return failure(40_029, 'invalid code')
      spent.add(code)
      const { openid, unionid } = self.person
      const body = {
        access_token: accessToken,
        expires_in: 7200,
        refresh_token: newSecret(60),
        openid,
        scope: 'snsapi_login',
        ...(unionid && { unionid }),
        ...self.more,
      }
      return { type: 'text/plain', body: JSON.stringify(body) }
    },
    'GET /sns/userinfo': ({ query }) => {
      if (query.get('access_token') !== accessToken) return failure(40_001, 'invalid credential')
      if (query.get('openid') !== self.person.openid) return failure(40_003, 'invalid openid')
      const body = { ...self.person, sex: 0, province: '', city: '', country: '', privilege: [] }
      return { type: 'text/plain', body: JSON.stringify(body) }
    },
  })
  const self: WechatStandIn = Object.assign(server, {
    appId: 'wxbdc5610cc59c1631',
    secret: newSecret(16),
    person: {
      openid: `oLVPpjqs9BhvzwPj5A-${newSecret(6)}`,
      nickname: '雨面 👩‍👩‍👧',
      headimgurl: 'https://thirdwx.qlogo.cn/mmopen/头像/132',
    },
    more: {},
    errcode: 0,
    mood: 'willing' as const,
  })
  return self
}
