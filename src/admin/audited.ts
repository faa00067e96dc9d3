export type Changes = {
  before: Record<string, unknown>
  after: Record<string, unknown>
}

/** Changes with every change of something else; says nothing. */
const unremarkable = new Set(['updated_at'])

/**
 * What differs between two records, for the audit log; empty objects when nothing does. An absent field equals one that
 * is null. Whatever is called a secret or a password is masked, at any depth.
 */
export function changes(before: object | undefined, after: object | undefined): Changes {
  const old: Record<string, unknown> = { ...before }
  const fresh: Record<string, unknown> = { ...after }
  const differing = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].filter(
    (key) => !unremarkable.has(key) && written(old[key]) !== written(fresh[key]),
  )
  const pick = (record: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      differing.filter((key) => key in record).map((key) => [key, masked(record[key], key)]),
    )
  return { before: pick(old), after: pick(fresh) }
}

const written = (value: unknown): string => JSON.stringify(value ?? null)

function masked(value: unknown, key: string): unknown {
  if (value === null || value === undefined) return value
  if (/secret|password/i.test(key) && ['string', 'object'].includes(typeof value)) return '***'
  if (Array.isArray(value)) return value.map((one) => masked(one, ''))
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(one, key)]))
}
