import test from 'ava'
import { createMac, createSealer, deriveKey, markLength } from '#lib/sealing.ts'

const [older, newer] = ['an older secret of the server', 'a newer secret of the server']

test('what was sealed opens again with the same secret, purpose and context', (t) => {
  const sealer = createSealer([newer], 'artifacts')
  for (const text of ['', 'x', '{"a":1}', '密码 🔑', 'x'.repeat(100_000)])
    t.is(sealer.open(sealer.seal(text, 'row 1'), 'row 1'), text)
})

test('one text is sealed differently each time, and cannot be read from it', (t) => {
  const sealer = createSealer([newer], 'artifacts')
  const [a, b] = [sealer.seal('a secret text', 'row 1'), sealer.seal('a secret text', 'row 1')]
  t.not(a, b)
  t.regex(a, /^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/)
  t.false(Buffer.from(a.split('.')[3]!, 'base64url').includes('secret'))
})

test('another context, purpose or secret opens nothing', (t) => {
  const sealed = createSealer([newer], 'artifacts').seal('text', 'row 1')
  t.is(createSealer([newer], 'artifacts').open(sealed, 'row 2'), undefined)
  t.is(createSealer([newer], 'signing-keys').open(sealed, 'row 1'), undefined)
  t.is(createSealer([older], 'artifacts').open(sealed, 'row 1'), undefined)
})

test('what was changed, cut or was never sealed opens to nothing and does not throw', (t) => {
  const sealer = createSealer([newer], 'artifacts')
  const sealed = sealer.seal('a secret text', 'row 1')
  const parts = sealed.split('.')
  const flipped = Buffer.from(parts[3]!, 'base64url')
  for (let i = 0; i < flipped.length; i += 1) {
    const changed = Buffer.from(flipped)
    changed[i]! ^= 1
    const text = [...parts.slice(0, 3), changed.toString('base64url')].join('.')
    t.is(sealer.open(text, 'row 1'), undefined)
  }
  for (const text of [
    '',
    '....',
    'plain text',
    parts.slice(0, 3).join('.'),
    [...parts.slice(0, 3), ''].join('.'),
    [...parts.slice(0, 3), 'AAAA'].join('.'),
    ['v2', ...parts.slice(1)].join('.'),
    [parts[0], parts[1], '', parts[3]].join('.'),
  ]) {
    t.is(sealer.open(text, 'row 1'), undefined, text)
  }
})

test('the newest secret seals, and a listed older one still opens', (t) => {
  const before = createSealer([older], 'artifacts').seal('text', 'row 1')
  const both = createSealer([newer, older], 'artifacts')
  t.is(both.open(before, 'row 1'), 'text')
  const after = both.seal('text', 'row 1')
  t.is(createSealer([newer], 'artifacts').open(after, 'row 1'), 'text')
  t.is(createSealer([older], 'artifacts').open(after, 'row 1'), undefined)
})

test('a sealer without a secret is a mistake', (t) => {
  t.throws(() => createSealer([], 'artifacts'), { message: 'a sealer needs a secret' })
})

test('each purpose has a key of 32 bytes of its own, always the same', (t) => {
  const key = deriveKey(newer, 'cookies')
  t.is(key.length, 32)
  t.deepEqual(key, deriveKey(newer, 'cookies'))
  t.notDeepEqual(key, deriveKey(newer, 'csrf'))
  t.notDeepEqual(key, deriveKey(older, 'cookies'))
})

test('the mark tells which secret has sealed a value, and differs by purpose', (t) => {
  const sealer = createSealer([newer, older], 'artifacts')
  t.is(sealer.seal('text', 'row 1').slice(0, markLength), sealer.mark)
  const others = [createSealer([older], 'artifacts'), createSealer([newer], 'mail')]
  t.is(new Set([sealer, ...others].map(({ mark }) => mark)).size, 3)
})

test('a MAC is made with the newest secret and fits with each that is listed', (t) => {
  const [before, after] = [createMac([older], 'csrf'), createMac([newer, older], 'csrf')]
  t.true(after.fits('text', before.make('text')))
  t.false(before.fits('text', after.make('text')))
  t.false(after.fits('other', after.make('text')))
  t.false(createMac([newer], 'mail-codes').fits('text', after.make('text')))
})
