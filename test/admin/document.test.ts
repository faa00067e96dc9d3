import test from 'ava'
import { administrator } from './administrator.ts'

/** Every value of a key, at any depth. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) =>
    name === key && typeof one === 'string' ? [one] : valuesOf(key, one),
  )
}

test('the document of the whole server holds together: references lead somewhere, ids are unique', async (t) => {
  const { issuer } = await administrator(t)
  const response = await fetch(`${issuer}/api/v1/openapi.json`)
  const document = (await response.json()) as Record<string, unknown>
  for (const ref of new Set(valuesOf('$ref', document))) {
    const steps = String(ref).slice(2).split('/')
    const found = steps.reduce<unknown>(
      (at, step) => (at as Record<string, unknown> | undefined)?.[step],
      document,
    )
    t.truthy(found, String(ref))
  }
  const ids = valuesOf('operationId', document['paths'])
  t.is(new Set(ids).size, ids.length)
  t.true(ids.includes('getAdminUsers'))
  t.true(ids.includes('postAuthLogin'))
})
