import test, { type ExecutionContext } from 'ava'
import { jwtVerify } from 'jose'
import { createIssuerKeys, freshMs, pauseMs, staleMs } from '#foreign-tokens/issuer-keys.ts'
import { createOutbound } from '#http/outbound.ts'
import { startIssuer } from '../support/issuer.ts'

async function begin(t: ExecutionContext, timeoutMs = 20_000) {
  const issuer = await startIssuer(t)
  let time = Date.now()
  const problems: unknown[] = []
  const keys = createIssuerKeys({
    jwksUri: issuer.jwksUri,
    getJson: createOutbound({
      allowedHosts: [issuer.host],
      timeoutMs,
      maxBytes: 256 * 1024,
    }).getJson,
    now: () => time,
    onError: (error) => void problems.push(error),
  })
  return {
    issuer,
    problems,
    pass: (ms: number) => void (time += ms),
    verify: async (token: string) => (await jwtVerify(token, keys)).payload,
  }
}

test('the keys are fetched once for many tokens at one moment, and again after 15 minutes', async (t) => {
  const { issuer, verify, pass } = await begin(t)
  const token = await issuer.sign()
  await Promise.all(Array.from({ length: 50 }, () => verify(token)))
  pass(freshMs - 1)
  await verify(token)
  t.is(issuer.fetches, 1)
  pass(1)
  await verify(token)
  t.is(issuer.fetches, 2)
})

test('a new key is found at the first token that it has signed, the old one is gone then', async (t) => {
  const { issuer, verify, pass } = await begin(t)
  const old = await issuer.sign()
  await verify(old)
  await issuer.rotate()
  pass(pauseMs)
  t.truthy(await verify(await issuer.sign()))
  t.is(issuer.fetches, 2)
  await t.throwsAsync(verify(old), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

test('a flood of unknown keys costs one request in 30 seconds', async (t) => {
  const { issuer, verify, pass } = await begin(t)
  await verify(await issuer.sign())
  for (let round = 0; round < 6; round += 1) {
    for (let count = 0; count < 20; count += 1) {
      const token = await issuer.sign({}, { kid: `unknown-${round}-${count}` })
      await t.throwsAsync(verify(token), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    }
    pass(10_000)
  }
  t.is(issuer.fetches, 2)
})

for (const behaviour of ['down', 'slow', 'huge', 'redirect', 'garbled'] as const) {
  test(`an issuer that is ${behaviour} is asked once in 30 seconds, and the answer is 503`, async (t) => {
    const { issuer, verify, pass, problems } = await begin(t, behaviour === 'slow' ? 1000 : 20_000)
    issuer.behaviour = behaviour
    const token = await issuer.sign()
    for (let count = 0; count < 5; count += 1)
      t.like(await t.throwsAsync(verify(token), { code: 'busy' }), {
        status: 503,
        headers: { 'Retry-After': '30' },
      })
    t.is(issuer.fetches, 1)
    t.is(problems.length, 1)
    issuer.behaviour = 'fine'
    pass(pauseMs)
    t.truthy(await verify(token))
  })
}

test('while the issuer is away its last keys are good for a day, and unknown ones answer 503', async (t) => {
  const { issuer, verify, pass } = await begin(t)
  const token = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + 3 * 86_400 })
  await verify(token)
  issuer.behaviour = 'down'
  pass(staleMs - 1)
  t.truthy(await verify(token))
  const stranger = await issuer.sign({}, { kid: 'unknown' })
  t.like(await t.throwsAsync(verify(stranger), { code: 'busy' }), { status: 503 })
  pass(1)
  t.like(await t.throwsAsync(verify(token), { code: 'busy' }), { status: 503 })
})
