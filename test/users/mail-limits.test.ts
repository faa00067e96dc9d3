import test, { type ExecutionContext } from 'ava'
import { createMailLimits } from '#users/limits.ts'
import { openStorage } from '../support/storage.ts'

async function open(t: ExecutionContext) {
  const { storage, clock } = await openStorage(t)
  return { clock, ...createMailLimits({ limits: storage.limits, perRecipient: 2, perAddress: 3 }) }
}

test('a recipient gets so many mails an hour, however the address is written', async (t) => {
  const { maySend, clock } = await open(t)
  t.true(await maySend('li@example.com', '192.0.2.1'))
  t.true(await maySend('LI@Example.com', '192.0.2.2'))
  for (const to of ['li@example.com', 'Li@EXAMPLE.COM']) t.false(await maySend(to, '192.0.2.3'), to)
  t.true(await maySend('wei@example.com', '192.0.2.3'))
  clock.now += 3_600_000
  t.true(await maySend('li@example.com', '192.0.2.1'))
})

test('an address of the network causes so many mails an hour, and uses up no one else’s', async (t) => {
  const { maySend } = await open(t)
  for (const to of ['a@example.com', 'b@example.com', 'c@example.com'])
    t.true(await maySend(to, '192.0.2.1'))
  for (let n = 0; n < 5; n++) t.false(await maySend('d@example.com', '192.0.2.1'))
  t.true(await maySend('d@example.com', '192.0.2.2'))
  t.true(await maySend('d@example.com'))
  t.false(await maySend('d@example.com'))
})
