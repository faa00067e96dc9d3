import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import {
  answer,
  fiveMinutes,
  secretOf,
  type App,
  type Issued,
  type Mood,
  type Person,
  type State,
} from './wechat-answers.ts'

export type { App, Person } from './wechat-answers.ts'

/**
 * WeChat's servers as they document themselves, on loopback: every answer is HTTP 200 with JSON as `text/plain`, refusals
 * have an `errcode` and an `errmsg` with a request id, codes are for one use and five minutes.
 * https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/
 */
export interface Wechat {
  url: string
  /** The environment of a server whose mini program this is. */
  env: Record<string, string>
  app: App
  /** A second mini program of the same owner. */
  addApp(): App
  /** How it behaves; may be changed at any time. */
  mood: Mood
  /** Paths that were called, in order. */
  calls: string[]
  /** What must be found nowhere else: secrets, session keys, access tokens, request ids. */
  secrets: Set<string>
  /** `wx.login` in someone's phone: a code, and a session key with which the phone's open data is sealed from now on. */
  login(person: Person, app?: App): string
  /** Open data of the person as the phone gets it, with a watermark unless there is one. */
  seal(person: Person, data: object, app?: App): { encrypted_data: string; iv: string }
  sign(person: Person, profile: object, app?: App): { raw_data: string; signature: string }
  /** The code of a getPhoneNumber button; of a person's when one is named. */
  phoneCode(phone: string, app?: App, person?: Person): string
  /** All access tokens end at once, as when the secret was reset. */
  endTokens(): void
  /** Moves its clock. */
  pass(ms: number): void
  stop(): Promise<void>
}

/** WeChat until the end of the test, and the environment of a server with two mini programs, the second from its file. */
export async function openWechat(
  t: Pick<ExecutionContext, 'teardown'>,
): Promise<{ wechat: Wechat; second: App; env: Record<string, string> }> {
  const wechat = await startWechat()
  const second = wechat.addApp()
  const folder = await mkdtemp(join(tmpdir(), 'yumen-wechat-'))
  t.teardown(async () => {
    await wechat.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const file = join(folder, 'yumen.yaml')
  // JSON is YAML.
  const declared = { wechat_apps: [{ app_id: second.id, app_secret: second.secret }] }
  await writeFile(file, JSON.stringify(declared))
  return { wechat, second, env: { ...wechat.env, CONFIG_FILE: file } }
}

export async function startWechat(): Promise<Wechat> {
  let passed = 0
  const state: State = {
    apps: [],
    mood: { busy: 0, delayMs: 0, tokenMs: 7_200_000, perMinute: 100 },
    secrets: new Set(),
    now: () => Date.now() + passed,
    codes: new Map(),
    phoneCodes: new Map(),
    sessionKeys: new Map(),
    tokens: new Map(),
    visits: new Map(),
  }
  const calls: string[] = []
  const server = createServer((request, response) => {
    calls.push(new URL(request.url!, 'http://wechat').pathname)
    void answer(state, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const addApp = (): App => {
    const app = { id: `wx${secretOf(state, 8)}`, secret: secretOf(state, 16) }
    state.secrets.delete(app.id.slice(2))
    state.apps.push(app)
    return app
  }
  const app = addApp()
  return {
    url,
    env: { WECHAT_API_BASE_URL: url, WECHAT_APP_ID: app.id, WECHAT_APP_SECRET: app.secret },
    app,
    addApp,
    mood: state.mood,
    calls,
    secrets: state.secrets,
    ...phoneOf(state, app),
    endTokens: () => state.tokens.clear(),
    pass: (ms) => void (passed += ms),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What happens on someone's phone. */
function phoneOf(state: State, first: App): Pick<Wechat, 'login' | 'seal' | 'sign' | 'phoneCode'> {
  const keyOf = (person: Person, { id }: App): string =>
    state.sessionKeys.get(openidOf(person, id)) ?? ''
  return {
    login(person, app = first) {
      const code = `0${secretOf(state, 15)}`
      const openid = openidOf(person, app.id)
      const sessionKey = randomBytes(16).toString('base64')
      state.secrets.add(sessionKey).add(code)
      state.sessionKeys.set(openid, sessionKey)
      state.codes.set(code, { ...issued(state, app), openid, sessionKey, person })
      return code
    },
    seal(person, data, app = first) {
      const iv = randomBytes(16)
      const watermark = { appid: app.id, timestamp: Math.floor(state.now() / 1000) }
      const key = Buffer.from(keyOf(person, app), 'base64')
      const cipher = createCipheriv('aes-128-cbc', key, iv)
      const text = JSON.stringify({ watermark, ...data })
      const sealed = cipher.update(text, 'utf8', 'base64') + cipher.final('base64')
      return { encrypted_data: sealed, iv: iv.toString('base64') }
    },
    sign(person, profile, app = first) {
      const raw = JSON.stringify(profile)
      const signature = createHash('sha1')
        .update(raw + keyOf(person, app))
        .digest('hex')
      return { raw_data: raw, signature }
    },
    phoneCode(phone, app = first, person) {
      const code = secretOf(state, 32)
      const openid = person && openidOf(person, app.id)
      state.phoneCodes.set(code, { ...issued(state, app), phone, openid })
      return code
    },
  }
}

export const openidOf = ({ name }: Person, appId: string): string =>
  `o${createHash('sha256').update(`${name} ${appId}`).digest('base64url').slice(0, 27)}`

const issued = (state: State, { id }: App): Issued => ({
  appId: id,
  endsAt: state.now() + fiveMinutes,
  isUsed: false,
})
