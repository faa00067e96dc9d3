import type { Mutant } from '../mutant.ts'

export const mail: Mutant[] = [
  {
    id: 'first-pause-skipped',
    file: 'src/mail/queue.ts',
    before: 'isOurs ? 0 : queued.attempts - 1',
    after: 'isOurs ? 0 : queued.attempts',
    reason: 'A mail would wait longer after its first failure, and be given up one try earlier.',
    tests: ['test/mail/queue.test.ts'],
  },
  {
    id: 'code-in-the-list-of-mail',
    file: 'src/mail/queue.ts',
    before: 'subject: mail.listedAs ?? mail.subject',
    after: 'subject: mail.subject',
    reason: 'Anyone who may see the list of mail could sign in by it.',
    tests: ['test/api/mail-codes.test.ts'],
  },
  {
    id: 'sent-mail-stays',
    file: 'src/mail/queue.ts',
    before: `      await store.done(queued.id)
`,
    after: '',
    reason: 'A mail would be sent again and again.',
    tests: ['test/mail/queue.test.ts'],
  },
  {
    id: 'given-up-mail-goes-on',
    file: 'src/mail/queue.ts',
    before: 'pause === undefined ? undefined : parts.now() + pause',
    after: 'parts.now() + (pause ?? 60_000)',
    reason: 'A mail to nowhere would be tried forever.',
    tests: ['test/mail/queue.test.ts'],
  },
  {
    id: 'mail-for-another-server',
    file: 'src/mail/mailer.ts',
    before: `return () => Promise.reject(new Error('no mail server: SMTP_URL is not set'))`,
    after: 'return () => Promise.resolve()',
    reason: 'Mail in production would go nowhere, and no one would hear of it.',
    tests: ['test/mail/mailer.test.ts'],
  },
]
