import test from 'ava'
import { mergePatch } from '#lib/merge-patch.ts'

/** RFC 7396, appendix A, as far as target and patch are objects. */
const examples: [target: string, patch: string, result: string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
]

test('mergePatch() is that of RFC 7396', (t) => {
  for (const [target, patch, result] of examples)
    t.is(JSON.stringify(mergePatch(JSON.parse(target), JSON.parse(patch))), result, patch)
})

test('mergePatch() changes neither target nor patch, nor any prototype', (t) => {
  const target = { a: { b: 1 } }
  const patch = JSON.parse('{"a":{"c":2},"__proto__":{"admin":true}}') as Record<string, unknown>
  const merged = mergePatch(target, patch)
  t.deepEqual(target, { a: { b: 1 } })
  t.is(({} as { admin?: boolean }).admin, undefined)
  t.is(JSON.stringify(merged), '{"a":{"b":1,"c":2},"__proto__":{"admin":true}}')
})
