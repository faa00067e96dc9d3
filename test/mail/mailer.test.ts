import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { SMTPServer } from 'smtp-server'
import { createMailer } from '#mail/mailer.ts'
import { createMailView } from '#view/mail.ts'
import { createBrowser } from '../support/browser.ts'
import { relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'

const mail = { to: 'li@example.com', subject: '欢迎', text: '你好 🌱', html: '<p>你好 🌱</p>' }

/** A real SMTP server that keeps what it gets. */
async function smtpServer(
  t: ExecutionContext,
): Promise<{ url: string; received: { to: string[]; source: string }[] }> {
  const received: { to: string[]; source: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let source = ''
      stream.on('data', (chunk: Buffer) => (source += chunk.toString()))
      stream.on('end', () => {
        received.push({ to: session.envelope.rcptTo.map(({ address }) => address), source })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received }
}

test('send() hands the message to the SMTP server, as text and as HTML', async (t) => {
  const { url, received } = await smtpServer(t)
  const send = createMailer({
    from: 'Yumen <no-reply@example.com>',
    smtpUrl: url,
    outbox: undefined,
  })
  await send(mail)
  t.is(received.length, 1)
  t.deepEqual(received[0]?.to, ['li@example.com'])
  t.regex(received[0]?.source ?? '', /From: Yumen <no-reply@example.com>/)
  t.regex(received[0]?.source ?? '', /multipart\/alternative/)
})

test('send() writes an .eml file when there is no mail server', async (t) => {
  const outbox = await mkdtemp(join(tmpdir(), 'yumen-outbox-'))
  t.teardown(() => rm(outbox, { recursive: true }))
  await createMailer({ from: 'Yumen <no-reply@example.com>', smtpUrl: undefined, outbox })(mail)
  const [name = ''] = await readdir(outbox)
  t.regex(name, /\.eml$/)
  t.regex(await readFile(join(outbox, name), 'utf8'), /To: li@example.com/)
})

test('send() rejects when a mail server is missing in production', async (t) => {
  const send = createMailer({ from: 'a@example.com', smtpUrl: undefined, outbox: undefined })
  await t.throwsAsync(send(mail), { message: /SMTP_URL/ })
})

test('a message names the server and escapes what people typed', (t) => {
  const render = createMailView('Acme', 'https://id.example.com')
  const { subject, text, html } = render('welcome', { email: '<b>li@example.com' }, 'en')
  t.is(subject, 'Welcome to Acme')
  t.regex(text, /https:\/\/id\.example\.com/)
  t.false(html.includes('<b>li'))
})

test('a new person gets a welcome mail in the language of the page', async (t) => {
  const { url, received } = await smtpServer(t)
  const fixture = await start(t, { env: { SMTP_URL: url } })
  const party = await relyingParty(fixture, await fixture.addClient())
  const { url: authorize } = await party.begin({ prompt: 'create', ui_locales: 'zh-CN' })
  const page = await createBrowser(fixture.issuer).open(authorize.href)
  const next = await page.submit('/register', {
    email: 'wei@example.com',
    password: 'a long enough password',
  })
  t.regex(next.url.pathname, /^\/interaction\//)
  for (let tries = 0; received.length === 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  t.deepEqual(received[0]?.to, ['wei@example.com'])
  t.regex(received[0]?.source ?? '', /Subject: =\?UTF-8\?/)
})

test('an account is made although the mail server is away', async (t) => {
  const fixture = await start(t, { env: { SMTP_URL: 'smtp://127.0.0.1:9' } })
  const party = await relyingParty(fixture, await fixture.addClient())
  const { url } = await party.begin({ prompt: 'create' })
  const page = await createBrowser(fixture.issuer).open(url.href)
  const next = await page.submit('/register', {
    email: 'wei@example.com',
    password: 'a long enough password',
  })
  t.is(next.status, 200)
  t.truthy(await fixture.storage.users.findByIdentifier('wei@example.com'))
})
