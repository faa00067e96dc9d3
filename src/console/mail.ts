import { at } from '#http/api-client.ts'
import type { PageAnswer, PageCall, PageRoute } from '#http/page-routes.ts'
import type { Cell } from '#view/signed-in-pages.ts'
import { mailPageSchema, type WireMail } from '#wire/mail.ts'
import { listing, pageSize } from './listing.ts'

/** `/console/mail`: what waits to be sent and what was given up; never what it says. */
export function mailPages(): PageRoute[] {
  const access = { scope: 'admin:mail' }
  return [
    { method: 'get', path: '/console/mail', access, handle: showMail },
    { method: 'post', path: '/console/mail/:id/retry', access, handle: retryMail },
  ]
}

const states = ['waiting', 'failed'] as const

async function showMail({ api, query }: PageCall): Promise<PageAnswer> {
  const state = states.find((one) => one === query['state']) ?? ''
  const { mails, next_cursor: next } = await api.get('/admin/mail', mailPageSchema, {
    state,
    cursor: query['cursor'],
    limit: String(pageSize),
  })
  return {
    page: 'list',
    props: {
      area: 'console',
      section: 'mail',
      title: 'console.mail.title',
      lead: 'console.mail.lead',
      filters: [
        {
          kind: 'choice',
          name: 'state',
          label: 'console.mail.state',
          value: state,
          options: [
            { value: '', label: 'console.mail.any' },
            ...states.map((value) => ({ value, label: `console.mail.${value}` as const })),
          ],
        },
      ],
      filterAction: '/console/mail',
      columns: [
        { label: 'console.mail.to' },
        { label: 'console.mail.state' },
        { label: 'console.mail.created' },
        { label: 'console.mail.attempts', isNumber: true },
        { label: 'console.mail.next' },
        { label: 'console.mail.error' },
      ],
      rows: mails.map(rowOf),
      empty: { heading: 'console.mail.none', text: 'console.mail.noneText' },
      ...listing(query, next),
    },
  }
}

const rowOf = (mail: WireMail): Cell[] => [
  { text: mail.to, sub: mail.subject },
  {
    chip: { say: `console.mail.${mail.state}`, tone: mail.state === 'failed' ? 'warn' : 'plain' },
  },
  { when: mail.created_at },
  { number: mail.attempts },
  mail.next_attempt_at === null
    ? {
        form: {
          action: at`/console/mail/${mail.id}/retry`,
          fields: [],
          submit: 'console.mail.retry',
          look: 'secondary',
        },
      }
    : { when: mail.next_attempt_at },
  { json: mail.last_error?.slice(0, longestError) || undefined },
]

/** What a mail server says can be long, and fifty of them make a page. */
const longestError = 120

async function retryMail({ api, params }: PageCall): Promise<PageAnswer> {
  await api.post(at`/admin/mail/${params['id']}/retry`)
  return { to: '/console/mail?done=mailRetried' }
}
