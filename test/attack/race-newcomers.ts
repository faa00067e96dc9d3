import { newSecret } from '#lib/ids.ts'
import { apiOf } from '../support/api.ts'
import { sound, type Kind } from './race-kind.ts'

const post = async (door: string, path: string, body: object) => {
  const answer = await apiOf({ issuer: door }).call('POST', path, { body })
  sound(answer.status, JSON.stringify(answer.body))
  return answer
}

const register = (name: string, bodyOf: (word: string, n: number) => object): Kind => ({
  name,
  async prepare() {
    const word = newSecret(9)
      .replaceAll(/[^\w]|_/g, '0')
      .toLowerCase()
    return async (door, n) => {
      const body = { password: newSecret(), ...bodyOf(word, n) }
      const { status } = await post(door, '/auth/register', body)
      return status === 201 ? String(n) : undefined
    }
  },
})

export const newcomerKinds: Kind[] = [
  {
    name: 'registration of one e-mail',
    async prepare() {
      const email = `${newSecret(9).toLowerCase()}@example.com`
      const { promise: all, resolve } = Promise.withResolvers<void>()
      let left = 50
      return async (door, n) => {
        const body = { email, password: newSecret() }
        await post(door, '/auth/register', body)
        // All are told the same; whose password signs in afterwards has the account.
        if (--left === 0) resolve()
        await all
        const { status } = await post(door, '/auth/login', body)
        return status === 200 ? String(n) : undefined
      }
    },
  },
  register('registration of one username', (word, n) => ({
    email: `${word}${n}@example.com`,
    username: word,
  })),
  {
    name: 'WeChat code',
    async prepare({ wechat }) {
      const code = wechat.login({ name: newSecret(6) })
      return async (door, n) => {
        const { status } = await post(door, '/auth/wechat-login', { code })
        return status === 200 ? String(n) : undefined
      }
    },
  },
  {
    name: 'first WeChat sign-in with 50 codes',
    isShared: true,
    async prepare({ wechat }) {
      const person = { name: newSecret(6) }
      const codes = Array.from({ length: 50 }, () => wechat.login(person))
      return async (door, n) => {
        const { status, body } = await post(door, '/auth/wechat-login', { code: codes[n] })
        return status === 200 ? String(body.user.id) : undefined
      }
    },
  },
]
