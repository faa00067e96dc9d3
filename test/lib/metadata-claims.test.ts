import test from 'ava'
import { metadataClaimsProblem, pickMetadataClaims } from '#lib/metadata-claims.ts'

test('a choice of claims and places is good', (t) => {
  for (const good of [
    {},
    { is_premium: 'private.is_premium', tier: 'public.tier' },
    { 'https://acme.example/tier': 'private.shop.tier', 级: undefined },
  ].map((one) => JSON.parse(JSON.stringify(one)) as unknown))
    t.is(metadataClaimsProblem(good), undefined, JSON.stringify(good))
})

test('a claim that has a meaning already is refused', (t) => {
  const registered =
    'iss sub aud exp iat nbf jti client_id scope azp auth_time nonce acr amr cnf act grant_id api_key roles permissions email email_verified sid'
  for (const name of registered.split(' '))
    t.regex(metadataClaimsProblem({ [name]: 'public.x' }) ?? '', new RegExp(`"${name}"`))
})

test('what is no choice is refused', (t) => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`c${n}`, 'public.x']))
  for (const bad of [
    null,
    'x',
    [],
    many,
    { '': 'public.x' },
    { 'two words': 'public.x' },
    JSON.parse('{"__proto__": "public.x"}'),
    { a: 'metadata.x' },
    { a: 'public' },
    { a: 'public.' },
    { a: 'email' },
    { a: 'public.a.b.c.d.e' },
    { a: 1 },
  ])
    t.truthy(metadataClaimsProblem(bad), JSON.stringify(bad))
})

test('claims are the person’s own values, and what is not there is left out', (t) => {
  const metadata = {
    public: { tier: 'gold', long: 'x'.repeat(1025), none: null },
    private: { points: 0, vip: false, shop: { level: [1, 2] } },
  }
  const claims = {
    tier: 'public.tier',
    points: 'private.points',
    vip: 'private.vip',
    level: 'private.shop.level',
    first: 'private.shop.level.0',
    none: 'public.none',
    long: 'public.long',
    missing: 'private.missing.deeper',
    inherited: 'private.constructor',
    deeper: 'private.shop.__proto__',
    length: 'public.tier.length',
  }
  t.deepEqual(pickMetadataClaims(claims, metadata), {
    tier: 'gold',
    points: 0,
    vip: false,
    level: [1, 2],
    first: 1,
  })
})
