import { createBrowser } from '../support/browser.ts'
import type { Fixture } from '../support/start.ts'
import {
  approveDevice,
  authorizeUrl,
  deviceGrant,
  newCast,
  obtainCode,
  offline,
  pollDevice,
  post,
  redeem,
  refresh,
  send,
  startDevice,
  withoutRedirect,
  type Answer,
  type Cast,
} from '../security/journey.ts'
import { sound, type Kind } from './race-kind.ts'

/** The same server by the address of one of its processes. */
const at = (fixture: Fixture, issuer: string): Fixture => ({ ...fixture, issuer })

function tokenOf({ status, json, text }: Answer, name = 'access_token'): string | undefined {
  sound(status, text)
  return status === 200 ? String(json[name]) : undefined
}

const code = (name: string, metadata: object): Kind => ({
  name,
  async prepare({ fixture }) {
    const cast = await newCast(fixture, metadata as Record<string, unknown>)
    const given = await obtainCode(cast)
    return async (door) =>
      tokenOf(await redeem({ ...cast, fixture: at(fixture, door) }, given), 'access_token')
  },
})

const refreshToken = async (cast: Cast): Promise<string> =>
  tokenOf(await redeem(cast, await obtainCode(cast, offline)), 'refresh_token')!

export const tokenKinds: Kind[] = [
  code('code of a confidential client', {}),
  code('code of a public client', { token_endpoint_auth_method: 'none' }),
  {
    name: 'device code',
    async prepare({ fixture }) {
      const cast = await newCast(fixture, withoutRedirect(deviceGrant))
      const { device_code, user_code } = await startDevice(cast)
      await approveDevice(cast, user_code)
      return async (door) =>
        tokenOf(await pollDevice({ ...cast, fixture: at(fixture, door) }, device_code))
    },
  },
  {
    name: 'pushed request',
    async prepare({ fixture }) {
      const browser = createBrowser(fixture.issuer)
      const cast = { ...(await newCast(fixture, { first_party: true })), browser }
      await obtainCode(cast)
      const { searchParams } = authorizeUrl(fixture, cast.client)
      const pushed = await post(`${fixture.issuer}/oauth/par`, cast.client, searchParams)
      const query = new URLSearchParams({
        client_id: cast.client.id,
        request_uri: String(pushed.json['request_uri']),
      })
      const cookie = await browser.jar.getCookieString(fixture.issuer)
      return async (door) => {
        const url = `${door}/oauth/authorize?${query.toString()}`
        let answer = await send(url, { headers: { cookie } })
        // What was refused in the last moment is asked again by a redirect to itself.
        for (let hops = 0; hops < 5 && isOurs(answer, fixture); hops++)
          answer = await send(url, { headers: { cookie } })
        sound(answer.status, answer.text)
        const location = answer.headers.get('location') ?? 'none:'
        return URL.canParse(location)
          ? (new URL(location).searchParams.get('code') ?? undefined)
          : undefined
      }
    },
  },
  {
    name: 'refresh token within its grace',
    isShared: true,
    async prepare({ fixture }) {
      const cast = await newCast(fixture)
      const token = await refreshToken(cast)
      return async (door) => {
        const { status, text } = await refresh({ ...cast, fixture: at(fixture, door) }, token)
        sound(status, text)
        return status === 200 ? text : undefined
      }
    },
  },
]

const isOurs = ({ headers }: Answer, { issuer }: Fixture): boolean => {
  const location = headers.get('location')
  return location !== null && new URL(location, issuer).pathname === '/oauth/authorize'
}
