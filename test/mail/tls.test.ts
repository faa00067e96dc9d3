import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { createMailer } from '#mail/mailer.ts'
import { createAuthority } from '../support/certificates.ts'

const mail = { to: 'li@example.com', subject: 'a', text: 'b', html: '<p>b</p>' }

/** A mail server; `seen` tells of each mail whether it came encrypted. */
async function mailServer(t: ExecutionContext, options: SMTPServerOptions) {
  const seen: boolean[] = []
  const server = new SMTPServer({
    authOptional: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'user' }),
    onData(stream, session, done) {
      seen.push(session.secure)
      stream.on('end', () => done())
      stream.resume()
    },
    ...options,
  })
  // A client that does not trust it leaves in the middle of the handshake.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  return { port: (server.server.address() as AddressInfo).port, seen }
}

const send = (smtpUrl: string, caFile?: string) =>
  createMailer({ from: 'a@example.com', smtpUrl, caFile, outbox: undefined })(mail)

const ours = await createAuthority()
const stranger = await createAuthority()
const certificate = await ours.certify('localhost')
const isRefused = (t: ExecutionContext, ...given: Parameters<typeof send>) =>
  t.throwsAsync(send(...given), { message: /certificate|altnames/i })

for (const [title, options, prefix] of [
  ['smtps', { secure: true }, 'smtps://'],
  ['STARTTLS', {}, 'smtp://user:password@'],
] as const)
  test(`mail by ${title} goes to the host whose certificate can be verified, and nowhere else`, async (t) => {
    const { port, seen } = await mailServer(t, { ...certificate, ...options })
    await send(`${prefix}localhost:${port}`, ours.caFile)
    t.deepEqual(seen, [true])
    await isRefused(t, `${prefix}localhost:${port}`, stranger.caFile)
    await isRefused(t, `${prefix}localhost:${port}`)
    await isRefused(t, `${prefix}127.0.0.1:${port}`, ours.caFile)
    t.is(seen.length, 1)
  })

test('STARTTLS that a server offers is verified also where no one has asked for it', async (t) => {
  const { port, seen } = await mailServer(t, certificate)
  await isRefused(t, `smtp://localhost:${port}`)
  t.deepEqual(seen, [])
})

test('without STARTTLS no password and no mail goes out, unless the URL says so', async (t) => {
  const { port, seen } = await mailServer(t, {
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
  })
  for (const url of [
    `smtp://user:password@localhost:${port}`,
    `smtp://localhost:${port}?requireTLS=true`,
  ])
    await t.throwsAsync(send(url), undefined, url)
  t.deepEqual(seen, [])
  await send(`smtp://user:password@localhost:${port}?requireTLS=false`)
  await send(`smtp://localhost:${port}`)
  t.deepEqual(seen, [false, false])
})
