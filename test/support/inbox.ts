import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { SMTPServer } from 'smtp-server'

/** A real SMTP server that keeps what it gets. */
export interface Inbox {
  url: string
  received: ReceivedMail[]
  /** The mail with this subject (to this address) that came, or comes soon. */
  waitFor(subject: RegExp, to?: string): Promise<ReceivedMail>
}

export interface ReceivedMail {
  to: string[]
  subject: string
  /** The plain text part. */
  text: string
  html: string
}

export async function openInbox(t: Pick<ExecutionContext, 'teardown'>): Promise<Inbox> {
  const received: ReceivedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      let source = ''
      stream.on('data', (chunk: Buffer) => (source += chunk.toString()))
      stream.on('end', () => {
        received.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          ...partsOf(source),
        })
        done()
      })
    },
  })
  // A sender that is killed breaks its connection.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    async waitFor(subject, to) {
      for (let tries = 0; tries < 500; tries++) {
        const found = received.findLast(
          (mail) => subject.test(mail.subject) && (to === undefined || mail.to.includes(to)),
        )
        if (found) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`no mail with ${subject.source} came`)
    },
  }
}

/** Enough of MIME for our own mail: one encoded subject, a part of plain text and one of HTML. */
function partsOf(source: string): Omit<ReceivedMail, 'to'> {
  const head = source.slice(0, source.indexOf('\r\n\r\n'))
  const raw = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(head)?.[1] ?? ''
  const subject = raw
    .replaceAll(/\r\n[ \t]/g, '')
    .replaceAll(/=\?UTF-8\?(B|Q)\?([^?]*)\?=/gi, (_all, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : quoted(text.replaceAll('_', ' ')),
    )
  return { subject, text: partOf(source, 'text/plain'), html: partOf(source, 'text/html') }
}

function partOf(source: string, type: string): string {
  const found = new RegExp(`Content-Type: ${type}([^]*?)\\r\\n\\r\\n([^]*?)\\r\\n--`, 'i').exec(
    source,
  )
  const [, head = '', body = ''] = found ?? []
  const encoding = /Content-Transfer-Encoding: ([\w-]+)/i.exec(head)?.[1]?.toLowerCase()
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  return encoding === 'quoted-printable' ? quoted(body) : body
}

function quoted(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString()
}
