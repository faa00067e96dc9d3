import type { ExecutionContext } from 'ava'
import { apiOf, type Answer } from '../support/api.ts'
import type { Fixture, StartOptions } from '../support/start.ts'
import { openWechat, type App, type Person, type Wechat } from '../support/wechat.ts'

type Begin = (options?: StartOptions) => Promise<Fixture>

export interface World {
  wechat: Wechat
  /** A second mini program, from the file. */
  second: App
  fixture: Fixture
  api: ReturnType<typeof apiOf>
  /** `wx.login`, and then the code with more at `/auth/wechat-login`. */
  login(person: Person, more?: object): Promise<Answer>
}

export async function openWorld(
  t: ExecutionContext,
  begin: Begin,
  env: Record<string, string> = {},
): Promise<World> {
  const { wechat, second, env: own } = await openWechat(t)
  const fixture = await begin({ env: { ...own, ...env } })
  const api = apiOf(fixture)
  const login: World['login'] = (person, more = {}) =>
    api.call('POST', '/auth/wechat-login', { body: { code: wechat.login(person), ...more } })
  return { wechat, second, fixture, api, login }
}

/** Of what people did: the first start has made an administrator. */
export const auditTypes = async ({ server, storage }: Fixture): Promise<string[]> => {
  await server.services.telemetry.audit.flush()
  const { events } = await storage.audit.list({ limit: 1000 })
  return events.filter(({ actor }) => actor !== 'system').map(({ type }) => type)
}
