import { connect, type Socket } from 'node:net'
import { newSecret } from '#lib/ids.ts'
import { readKeys, readSector, signOut } from '../security/fetches.ts'
import { apiOf } from '../support/api.ts'
import { countingListener, urlsToUs } from '../support/counting-listener.ts'
import { limitless, openTarget } from './flood-target.ts'
import type { Trial } from './program.ts'
import { openStage } from './stage.ts'

/** Connections that send their request byte by byte, while people sign in. */
export async function slowloris(trial: Trial): Promise<void> {
  const { server } = await openTarget(trial, limitless)
  const count = trial.isShort ? 200 : 400
  const sockets = Array.from({ length: count }, (): Socket => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nX-A: ')
    return socket
  })
  const drip = setInterval(
    () => sockets.forEach((socket) => socket.writable && socket.write('a')),
    200,
  )
  trial.t.teardown(() => clearInterval(drip))
  const body = { email: 'slow@example.com', password: newSecret() }
  const api = apiOf({ issuer: server.origin })
  await api.call('POST', '/auth/register', { body })
  const times: number[] = []
  const against: string[] = []
  for (let n = 0; n < 20; n++) {
    const begun = performance.now()
    const login = await api.call('POST', '/auth/login', { body })
    const ready = await fetch(`${server.origin}/health/ready`)
    times.push(performance.now() - begun)
    if (login.status !== 200 || ready.status !== 200)
      against.push(`${login.status}, ${ready.status}`)
  }
  clearInterval(drip)
  for (const socket of sockets) socket.destroy()
  const slowest = Math.max(...times)
  if (slowest > 10_000) against.push(`a sign-in took ${slowest.toFixed(0)} ms`)
  trial.report.row({
    attack: `slowloris: 20 sign-ins beside ${count} slow connections`,
    tried: 20,
    found: `slowest ${slowest.toFixed(0)} ms`,
    aim: 'all sign in, within 10 s',
    against,
  })
}

/** Ranges that are not public, however they are written; connecting to them would reach someone's own network. */
const specialRanges =
  '[::7f00:1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [fec0::1] [100::1] [2001:10::1] [2001:20::1] [5f00::1] [3fff::1] 198.18.0.1 168.63.129.16 192.31.196.1 192.52.193.1 192.175.48.1 169.254.169.254'.split(
    ' ',
  )

export async function clientUrls(trial: Trial): Promise<void> {
  const listener = await countingListener(trial.t)
  const { fixture } = await openStage(trial)
  const urls = [
    ...urlsToUs(listener.port),
    ...specialRanges.map((host) => `https://${host}:${listener.port}/`),
  ]
  const against: string[] = []
  for (const url of urls) {
    if ((await readKeys(fixture, url)) !== 401) against.push(`jwks_uri ${url} was read`)
    if ((await readSector(fixture, url)) !== 400)
      against.push(`sector_identifier_uri ${url} was read`)
  }
  if ((await signOut(fixture, urls)).length !== urls.length) against.push('a logout was delivered')
  if (listener.accepted > 0) against.push(`${listener.accepted} connections`)
  trial.report.row({ attack: 'URLs of clients that lead to us', tried: 3 * urls.length, against })
}
