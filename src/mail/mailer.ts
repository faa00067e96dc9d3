import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { usesTls } from '#lib/backend-tls.ts'
import { newId } from '#lib/ids.ts'

/** Sends mail: through an SMTP server or, in development, into a folder as `.eml` files that any mail program opens. */
export interface Mail {
  /** One address, always one from the database. */
  to: string
  subject: string
  /** What lists of mail show in place of a subject that holds a secret. */
  listedAs?: string | undefined
  text: string
  html: string
}

/** Resolves when the server has taken the message, or the file is written. */
export type SendMail = (mail: Mail) => Promise<void>

export interface MailerParts {
  from: string
  /** `smtp://` or `smtps://`, with user and password; when TLS is required: `#lib/backend-tls.ts`. */
  smtpUrl: string | undefined
  /** Certificates (PEM) that the mail server must have its own from; those of Node when absent. */
  caFile?: string | undefined
  /** Folder for `.eml` files when there is no SMTP server; undefined in production, where mail then is an error. */
  outbox: string | undefined
}

export function createMailer({ from, smtpUrl, caFile, outbox }: MailerParts): SendMail {
  if (smtpUrl !== undefined) {
    let transport: ReturnType<typeof openSmtp> | undefined
    return async (mail) => {
      transport ??= openSmtp(smtpUrl, { from, caFile })
      await (await transport).sendMail(messageOf(mail))
    }
  }
  if (outbox === undefined)
    return () => Promise.reject(new Error('no mail server: SMTP_URL is not set'))
  return async (mail) => {
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({ streamTransport: true, buffer: true }, { from })
    const { message } = await transport.sendMail(messageOf(mail))
    await mkdir(outbox, { recursive: true, mode: 0o700 })
    await writeFile(join(outbox, `${newId()}.eml`), message as Buffer, { mode: 0o600 })
  }
}

/** The library is loaded with the first mail: a server that sends none has no use for its megabytes. */
async function openSmtp(
  url: string,
  { from, caFile }: { from: string; caFile: string | undefined },
) {
  const { createTransport } = await import('nodemailer')
  const options = {
    url,
    connectionTimeout: 10_000,
    socketTimeout: 20_000,
    // Without it STARTTLS is used where the server offers it, and verified then.
    requireTLS: usesTls(url),
    ...(caFile !== undefined && { tls: { ca: readFileSync(caFile) } }),
  }
  return createTransport(options, { from })
}

const messageOf = ({ to, subject, text, html }: Mail) => ({ to, subject, text, html })
