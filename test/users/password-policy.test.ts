import test from 'ava'
import { createPasswordPolicy } from '#users/password-policy.ts'

const policy = createPasswordPolicy({ minLength: 8, minStrength: 2, needsClasses: false })

test('a common password, and one that only looks less common, is refused', async (t) => {
  for (const password of [
    'password',
    '12345678',
    'iloveyou',
    'qwertyuiop',
    'P@ssw0rd!',
    'Sunshine2024',
    'aaaaaaaaaaaa',
  ])
    t.is(await policy(password), 'password_common', password)
})

test('a short sentence is good enough, in any script', async (t) => {
  for (const password of ['a long password', '牛肉面很好吃啊啊', 'correct-horse'])
    t.is(await policy(password), undefined, password)
})

test('the person’s own words do not make a password', async (t) => {
  t.is(await policy('zhangxiaoming'), undefined)
  t.is(await policy('zhangxiaoming', ['zhangxiaoming', undefined]), 'password_common')
})

test('the classic rule wants all four kinds', async (t) => {
  const classic = createPasswordPolicy({ minLength: 8, minStrength: 0, needsClasses: true })
  for (const password of ['alllower1!', 'ALLUPPER1!', 'NoDigits!!', 'NoSymbol12'])
    t.is(await classic(password), 'password_weak', password)
  t.is(await classic('Has4Kinds!'), undefined)
})

test('strength 0 lets everything pass that is long enough', async (t) => {
  const lax = createPasswordPolicy({ minLength: 8, minStrength: 0, needsClasses: false })
  t.is(await lax('password'), undefined)
  t.is(await lax('passwor'), 'password_too_short')
  t.is(await lax('x'.repeat(129)), 'password_too_long')
})
