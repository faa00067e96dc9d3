import test, { type ExecutionContext } from 'ava'
import { createMailLimits, createRequestLimits } from '#users/limits.ts'
import { openStorage } from '../support/storage.ts'

async function begin(t: ExecutionContext) {
  const { storage, clock } = await openStorage(t)
  const { limits } = storage
  const now = () => clock.now
  const requests = createRequestLimits({ limits, perMinute: 3, perHour: 100, now })
  const mails = createMailLimits({ limits, perRecipient: 1000, perAddress: 3 })
  let mailed = 0
  return {
    /** Whether one more request, or mail, of this address is one too many. */
    refuses: {
      request: (address: string) =>
        requests.count(address).then(
          () => false,
          () => true,
        ),
      mail: async (address: string) => !(await mails.maySend(`${mailed++}@example.com`, address)),
    },
    headers: (address: string) => requests.count(address),
  }
}

/** How many are let through, one after another. */
async function passing(
  addresses: readonly string[],
  refuses: (address: string) => Promise<boolean>,
): Promise<number> {
  let passed = 0
  for (const address of addresses) if (!(await refuses(address))) passed++
  return passed
}

const hosts = (count: number, of: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => of(n))

for (const what of ['request', 'mail'] as const) {
  test(`the ${what}s of all addresses of a /64 count together`, async (t) => {
    const refuses = (await begin(t)).refuses[what]
    t.is(
      await passing(
        hosts(10, (n) => `2001:db8:0:1::${n}`),
        refuses,
      ),
      3,
    )
    t.false(await refuses('2001:db8:0:2::1'))
    t.is(
      await passing(
        hosts(10, (n) => `203.0.113.${n}`),
        refuses,
      ),
      10,
    )
  })

  test(`a /56 has four times the ${what}s of a /64, and a /48 sixteen times`, async (t) => {
    const refuses = (await begin(t)).refuses[what]
    t.is(
      await passing(
        hosts(50, (n) => `2001:db8:0:${n}::1`),
        refuses,
      ),
      12,
    )
    t.is(
      await passing(
        hosts(100, (n) => `2001:db8:0:${(n + 1).toString(16)}00::1`),
        refuses,
      ),
      36,
    )
    t.false(await refuses('2001:db8:1::1'))
  })

  test(`${what}s that are refused use up nothing of the neighbours`, async (t) => {
    const refuses = (await begin(t)).refuses[what]
    t.is(
      await passing(
        hosts(60, (n) => `2001:db8:0:1::${n}`),
        refuses,
      ),
      3,
    )
    t.is(
      await passing(
        hosts(3, (n) => `2001:db8:0:${n + 2}::1`),
        refuses,
      ),
      3,
    )
  })
}

test('the headers tell of the limit that is nearest', async (t) => {
  const { headers } = await begin(t)
  t.like(await headers('2001:db8:0:1::1'), { 'RateLimit-Limit': '3', 'RateLimit-Remaining': '2' })
  for (const subnet of [2, 3, 4])
    for (const host of [1, 2, 3]) await headers(`2001:db8:0:${subnet}::${host}`)
  t.like(await headers('2001:db8:0:5::1'), { 'RateLimit-Limit': '12', 'RateLimit-Remaining': '1' })
})
