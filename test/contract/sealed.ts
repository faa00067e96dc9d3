/** What every store of sealed values promises (`src/storage/sealed.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { createSealer } from '#lib/sealing.ts'
import type { Storage } from '#storage/storage.ts'

type Open = (
  t: ExecutionContext,
) => Promise<{ storage: Storage; now(): number; pass(ms: number): Promise<void> }>

const [old, fresh] = [createSealer(['old'], 'mail'), createSealer(['new'], 'mail')]

export function sealedContract(test: TestFn, open: Open): void {
  test('sealed: count() counts the live values of each mark, and ignores what is not sealed', async (t) => {
    const { storage, now, pass } = await open(t)
    const { sealed, mailQueue, artifacts, factors, users } = storage
    t.deepEqual(await sealed.count(), [])
    for (const sealer of [old, old, fresh]) {
      const mail = { to: 'a@example.com', subject: 'a', sealedBody: sealer.seal('a', 'a') }
      await mailQueue.add({ id: newId(), ...mail })
    }
    const { id: userId } = await users.create({ id: newId() })
    const factor = { userId, name: '', data: old.seal('a', 'a'), counter: 0 }
    await factors.add({ id: newId(), key: 'a', kind: 'totp', ...factor })
    await factors.add({ id: newId(), key: 'b', ...factor, kind: 'passkey', data: '{}' })
    await artifacts.put('Session', 'a', { payload: old.seal('a', 'a') })
    await artifacts.put('Session', 'b', { payload: old.seal('a', 'a'), expiresAt: now() + 1000 })
    await artifacts.put('Grant', 'a', { payload: '{"v1.":1}' })
    await pass(5000)
    const counts = (await sealed.count()).map(
      ({ place, mark, count }) => `${place} ${mark} ${count}`,
    )
    t.deepEqual(
      counts.toSorted(),
      [
        `Session ${old.mark} 1`,
        `mail ${old.mark} 2`,
        `mail ${fresh.mark} 1`,
        `totp ${old.mark} 1`,
      ].toSorted(),
    )
  })

  test('sealed: listOthers() pages through the values of other marks, with their owners', async (t) => {
    const { storage } = await open(t)
    const { sealed, factors, users } = storage
    const added: { id: string; userId: string; sealed: string }[] = []
    for (let index = 0; index < 5; index++) {
      const [id, data] = [newId(), (index === 2 ? fresh : old).seal('a', 'a')]
      const { id: userId } = await users.create({ id: newId() })
      await factors.add({ id, userId, kind: 'totp', key: id, name: '', data, counter: 0 })
      if (index !== 2) added.push({ id, userId, sealed: data })
    }
    const expected = added.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const first = await sealed.listOthers('totp', fresh.mark, { after: '', limit: 3 })
    t.deepEqual(first, expected.slice(0, 3))
    const after = first.at(-1)!.id
    const rest = await sealed.listOthers('totp', fresh.mark, { after, limit: 3 })
    t.deepEqual(rest, expected.slice(3))
    t.deepEqual(await sealed.listOthers('providers', fresh.mark, { after: '', limit: 3 }), [])
  })

  test('sealed: replace() changes the value that was read, but not one written since', async (t) => {
    const { sealed, providers, artifacts } = (await open(t)).storage
    const sealedSecret = old.seal('a', 'a')
    await providers.put({ id: 'acme', recipe: { kind: 'github' }, sealedSecret })
    await artifacts.put('Device', 'a', { payload: sealedSecret, clientId: 'c' })
    await artifacts.put('Session', 'a', { payload: sealedSecret })
    const replacement = fresh.seal('a', 'a')
    t.true(await sealed.replace('providers', { id: 'acme', sealed: sealedSecret }, replacement))
    t.false(await sealed.replace('providers', { id: 'acme', sealed: sealedSecret }, 'later'))
    t.like(await providers.find('acme'), { sealedSecret: replacement, recipe: { kind: 'github' } })
    t.true(await sealed.replace('Device', { id: 'a', sealed: sealedSecret }, replacement))
    t.like(await artifacts.find('Device', 'a'), { payload: replacement, clientId: 'c' })
    t.like(await artifacts.find('Session', 'a'), { payload: sealedSecret })
  })
}
