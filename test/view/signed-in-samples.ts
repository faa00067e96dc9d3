import type { Common, Shell } from '#view/page-parts.ts'
import type { Box, Cell, Field, Form, SignedInPageProps } from '#view/signed-in-pages.ts'

/** Props for the pages of signed-in people: each text is `text`, and there is one of each thing that a page can have. */
export function signedInSamples(text: string, shell: Common & Shell): SignedInPageProps {
  const said = { text }
  const cells: Cell[] = [
    { text, href: `/${encodeURIComponent(text)}`, sub: text },
    { say: said, chip: { say: said, tone: 'ok' } },
    { when: '2026-11-20T05:00:00.000Z', number: 12_345 },
    {
      code: text,
      json: text,
      notes: [{ label: said, when: '2026-11-20T05:00:00.000Z' }],
      note: { text },
      form: { action: '/g', fields: [], submit: { text }, confirm: { text } },
    },
  ]
  const label = said
  const option = { value: text, label }
  const fields = (name: string): Field[] => [
    { kind: 'text', name, label, help: said, value: text },
    { kind: 'area', name: `${name}2`, label, value: text, placeholder: text },
    { kind: 'password', name: `${name}3`, label, autocomplete: 'new-password' },
    { kind: 'check', name: `${name}4`, label, help: said, checked: true },
    { kind: 'choice', name: `${name}5`, label, value: text, options: [option] },
    {
      kind: 'checks',
      name: `${name}6`,
      label,
      options: [{ name: text, label: text, sub: text, checked: true }],
    },
  ]
  const form = (name: string): Form => ({
    action: '/a',
    fields: fields(name),
    hidden: { [text]: text },
    submit: said,
  })
  const boxes: Box[] = [
    {
      heading: said,
      text: said,
      facts: [{ label, cell: cells[0]! }],
      rows: cells.map((cell) => ({ cell, form: { action: '/b', fields: [], submit: said } })),
      permissions: [{ items: [] }, { resource: text, items: [{ text, sensitive: true }] }],
      qr: { svg: '<svg></svg>', label },
      codes: [{ label, text }],
      links: [{ href: '/c', label, text: said }],
      forms: [form('a'), { ...form('a'), icon: 'provider-oidc', passkey: text }],
    },
    { heading: said, isDanger: true, none: said, forms: [form('a')] },
  ]
  const page = { ...shell, area: 'console', section: 'users', title: said, lead: said } as const
  const errors = { a: said, a6: said }
  return {
    list: {
      ...page,
      add: { href: '/d', label },
      filters: fields('f'),
      filterAction: '/e',
      columns: cells.map(() => ({ label, isNumber: true })),
      rows: [cells],
      empty: { heading: said, text: said },
      firstHref: text,
      nextHref: text,
      boxes,
      errors,
    },
    details: {
      ...page,
      crumb: { href: '/f', label },
      chip: { say: said, tone: 'plain' },
      picture: { name: text, address: shell.client?.logoUri },
      facts: [{ label, cell: cells[3]! }],
      secret: [{ label, text }],
      boxes,
      errors,
    },
    dashboard: {
      ...page,
      start: { heading: said, text: said, href: '/h', action: said },
      totals: [{ label, value: 1234, sub: said, href: '/i' }],
      charts: [
        {
          heading: said,
          days: ['2026-11-19', '2026-11-20'],
          series: [{ label, values: [0, 3], tone: 'one' }],
        },
      ],
      ranking: {
        heading: said,
        text: said,
        unit: said,
        rows: [{ label: text, value: 5, count: 2 }],
      },
      links: [{ href: '/j', label, text: said }],
    },
  }
}
