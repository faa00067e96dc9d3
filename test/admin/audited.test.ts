import test from 'ava'
import { changes } from '#admin/audited.ts'

test('changes() gives only what differs, before and after', (t) => {
  const before = { id: '1', nickname: 'Ann', roles: ['a'], phone: null, updated_at: 1 }
  const after = { id: '1', nickname: 'Anna', roles: ['a'], updated_at: 2, locale: 'en' }
  t.deepEqual(changes(before, after), {
    before: { nickname: 'Ann' },
    after: { nickname: 'Anna', locale: 'en' },
  })
})

test('changes() of something new or gone gives what it has', (t) => {
  t.deepEqual(changes(undefined, { id: '1', phone: null }), { before: {}, after: { id: '1' } })
  t.deepEqual(changes({ id: '1' }, undefined), { before: { id: '1' }, after: {} })
})

test('changes() masks secrets and passwords at any depth, and nothing else', (t) => {
  const after = {
    client_secret: 'x',
    metadata: { private: { apiPassword: 'y', points: 3 } },
    secrets: ['z'],
    live_secrets: 2,
    token_endpoint_auth_method: 'client_secret_basic',
  }
  t.deepEqual(changes({}, after).after, {
    client_secret: '***',
    metadata: { private: { apiPassword: '***', points: 3 } },
    secrets: '***',
    live_secrets: 2,
    token_endpoint_auth_method: 'client_secret_basic',
  })
})
