import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { SMTPServer } from 'smtp-server'

/** A real SMTP server that keeps what it gets. */
export interface Inbox {
  url: string
  received: ReceivedMail[]
  /** The mail with this subject that came, or comes soon. */
  waitFor(subject: RegExp): Promise<ReceivedMail>
}

export interface ReceivedMail {
  to: string[]
  subject: string
  /** The plain text part. */
  text: string
}

export async function openInbox(t: ExecutionContext): Promise<Inbox> {
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    async waitFor(subject) {
      for (let tries = 0; tries < 500; tries++) {
        const found = received.findLast((mail) => subject.test(mail.subject))
        if (found) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`no mail with ${subject.source} came`)
    },
  }
}

/** Enough of MIME for our own mail: one encoded subject, a plain text part first. */
function partsOf(source: string): { subject: string; text: string } {
  const [head = '', ...rest] = source.split('\r\n\r\n')
  const raw = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(head)?.[1] ?? ''
  const subject = raw
    .replaceAll(/\r\n[ \t]/g, '')
    .replaceAll(/=\?UTF-8\?(B|Q)\?([^?]*)\?=/gi, (_all, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : quoted(text.replaceAll('_', ' ')),
    )
  const isBase64 = /Content-Transfer-Encoding: base64/i.test(
    rest[0]?.length ? `${head}\n${source}` : head,
  )
  const part = /Content-Type: text\/plain[^]*?\r\n\r\n([^]*?)\r\n--/i.exec(source)?.[1] ?? ''
  const encoding = /Content-Type: text\/plain[^]*?Content-Transfer-Encoding: ([\w-]+)/i
    .exec(source)?.[1]
    ?.toLowerCase()
  const text =
    encoding === 'base64' && isBase64
      ? Buffer.from(part, 'base64').toString()
      : encoding === 'quoted-printable'
        ? quoted(part)
        : part
  return { subject, text }
}

function quoted(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString()
}
