import test, { type ExecutionContext } from 'ava'
import { newId } from '#lib/ids.ts'
import type { User } from '#storage/users.ts'
import { createChangePassword } from '#users/change-password.ts'
import { createPasswordPolicy } from '#users/password-policy.ts'
import { createPasswords } from '#users/passwords.ts'
import { openStorage } from '../support/storage.ts'

const first = 'the first pass phrase'

async function open(t: ExecutionContext) {
  const { storage } = await openStorage(t)
  const { users } = storage
  const passwords = createPasswords({
    memoryKib: 8192,
    timeCost: 1,
    parallelism: 1,
    queueMax: 1000,
  })
  const told: User[] = []
  const changePassword = createChangePassword({
    passwords,
    passwordPolicy: createPasswordPolicy({ minLength: 8, minStrength: 2, needsClasses: false }),
    tellChanged: async (user) => void told.push(user),
  })
  const user = await users.create({
    id: newId(),
    email: 'li.hua.of.chengdu@example.com',
    passwordHash: await passwords.hash(first),
  })
  const change = (given: User, passwords: { present: string | undefined; replacement: string }) =>
    changePassword(given, {
      ...passwords,
      endOthers: async (set) => {
        const keep = { grantIds: [] }
        return (await storage.signIns.end(given.id, { keep, ...set })) !== undefined
      },
    })
  const present = async () => users.findPasswordHash(user.id)
  const fits = async (password: string) => passwords.verify(await present(), password)
  return { change, user, present, fits, told }
}

test('a new password takes the place of the present one, and its owner is told', async (t) => {
  const { change, user, present, fits, told } = await open(t)
  const replacement = 'quite another phrase 4'
  t.is(await change(user, { present: await present(), replacement }), 'changed')
  t.true(await fits(replacement))
  t.false(await fits(first))
  t.deepEqual(
    told.map(({ id }) => id),
    [user.id],
  )
})

test('of ten changes at once that all began with the same password one is made', async (t) => {
  const { change, user, present, fits, told } = await open(t)
  const began = await present()
  const replacements = Array.from({ length: 10 }, (_, n) => `quite another phrase ${n}`)
  const outcomes = await Promise.all(
    replacements.map((replacement) => change(user, { present: began, replacement })),
  )
  t.is(outcomes.filter((one) => one === 'changed').length, 1)
  t.is(outcomes.filter((one) => one === 'changed meanwhile').length, 9)
  t.true(await fits(replacements[outcomes.indexOf('changed')]!))
  t.is(told.length, 1)
})

test('a password that people guess, or that is the person’s own name, changes nothing', async (t) => {
  const { change, user, present, fits, told } = await open(t)
  for (const replacement of ['password', 'li.hua.of.chengdu@example.com'])
    t.is(await change(user, { present: await present(), replacement }), 'password_common')
  t.true(await fits(first))
  t.deepEqual(told, [])
})
