import type { Mutant } from '../mutant.ts'

export const lib: Mutant[] = [
  {
    id: 'sealed-without-context',
    file: 'src/lib/sealing.ts',
    before: `createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
          .setAAD(Buffer.from(context))`,
    after: `createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
          .setAAD(Buffer.from(context.slice(0, 0)))`,
    reason: 'Nothing that was sealed would open.',
    tests: ['test/lib/sealing.test.ts'],
  },
  {
    id: 'one-key-for-all-purposes',
    file: 'src/lib/sealing.ts',
    before: `hkdfSync('sha256', secret, 'yumen', purpose, 32)`,
    after: `hkdfSync('sha256', secret, 'yumen', typeof purpose, 32)`,
    reason: 'What was sealed for one purpose would open for another.',
    tests: ['test/lib/sealing.test.ts'],
  },
  {
    id: 'former-secret-does-not-open',
    file: 'src/lib/sealing.ts',
    before: 'new Map(keys.map((key) => [keyId(key), key]))',
    after: 'new Map(keys.slice(0, 1).map((key) => [keyId(key), key]))',
    reason: 'A new SECRET_KEY would lose everything that the former one has sealed.',
    tests: ['test/lib/sealing.test.ts'],
  },
  {
    id: 'reserved-claim',
    file: 'src/lib/metadata-claims.ts',
    before: 'if (reserved.has(name)) return',
    after: `if (name === '') return`,
    reason: 'What a person has written about themselves would be a claim that others believe.',
    tests: ['test/lib/metadata-claims.test.ts'],
  },
  {
    id: 'inherited-metadata',
    file: 'src/lib/metadata-claims.ts',
    before: 'value !== null && Object.hasOwn(value, key)',
    after: 'value !== null && key in value',
    reason: 'A token would carry what JavaScript keeps of an object.',
    tests: ['test/lib/metadata-claims.test.ts'],
  },
]
