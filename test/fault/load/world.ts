import { setTimeout as sleep } from 'node:timers/promises'
import { newSecret } from '#lib/ids.ts'
import type { Inbox } from '../../support/inbox.ts'
import type { Check, Ledger } from '../ledger.ts'
import { Cut, type Visitor } from '../visitor.ts'

/** What the people of the load know: the server, their mail, and where their promises are kept. */
export interface World {
  visitor: Visitor
  ledger: Ledger
  inbox: Inbox
  /** An application that asks for consent; see `stage.ts`. */
  client: { id: string; secret: string }
  callback: string
  /** The time as the server sees it. */
  now(): number
  /** Resolves when those who have prepared a change may make it: at once, or all together just before a kill. */
  go(): Promise<void>
  /** True once the load is to end: who waits for something gives up. */
  isOver(): boolean
}

export interface Person {
  email: string
  password: string
  /** Set before the password or the factors change: from then on the deed that changes them checks the sign-in. */
  isChanging: boolean
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

/** Makes an account, which must be there afterwards with its password. */
export async function join(world: World): Promise<Person> {
  const { visitor, ledger } = world
  const email = `${newSecret(9).toLowerCase()}@example.com`
  const person = { email, password: newSecret(12), isChanging: false }
  const body = credentialsOf(person)
  const register = () => visitor.expect('201 POST /auth/register', { body })
  const canSignIn = async () =>
    person.isChanging || (await passwordWorks(world, person))
      ? undefined
      : 'the password does not work'
  await ledger.attempt('registration', register, {
    kept: () => canSignIn,
    // A taken address is answered like a free one: then the password must be the one of the first try.
    cut: async () => {
      await register()
      return canSignIn()
    },
  })
  return person
}

/** Signs in with the password. The pair of tokens must be good afterwards, unless `kept` knows better. */
export async function signIn(
  world: World,
  person: Person,
  kept: (given: Tokens) => Check = (given) => async () =>
    person.isChanging ? undefined : goesOn(world, given),
): Promise<Tokens> {
  const { visitor, ledger } = world
  const enter = () => visitor.expect('200 POST /auth/login', { body: credentialsOf(person) })
  const tokens = await ledger.attempt('sign-in', enter, {
    kept,
    cut: async () => void (await enter()),
  })
  ledger.signedIn(tokens.user.id)
  return tokens
}

const credentialsOf = ({ email, password }: Person) => ({ email, password })

/** What is wrong with a sign-in that should go on. */
async function goesOn(world: World, given: Tokens): Promise<string | undefined> {
  if (!(await opens(world, given.access_token))) return 'the access token is refused'
  return (await refresh(world, given.refresh_token)) ? undefined : 'the refresh token is refused'
}

export const passwordWorks = async ({ visitor }: World, person: Person): Promise<boolean> =>
  (await visitor.ask('POST', '/auth/login', { body: credentialsOf(person) })).status === 200

/** Whether an access token or an API key opens the account. */
export const opens = async ({ visitor }: World, token: string): Promise<boolean> =>
  (await visitor.ask('GET', '/users/me', { token })).status === 200

/** Spends the refresh token; resolves to the new pair, or to undefined when it is refused. */
export async function refresh({ visitor }: World, token: string): Promise<Tokens | undefined> {
  const body = { refresh_token: token }
  const answer = await visitor.ask('POST', '/auth/refresh', { body })
  return answer.status === 200 ? answer.body : undefined
}

/** The token of the mail with a link to this page. */
export async function linkFor(
  { inbox, isOver }: World,
  { email }: Person,
  page: string,
): Promise<string> {
  for (let tries = 0; tries < 500 && !isOver(); tries++) {
    for (const { to, text } of inbox.received) {
      const token = to[0] === email ? text.split(`${page}?token=`)[1] : undefined
      if (token !== undefined) return /^[\w-]+/.exec(token)![0]
    }
    await sleep(20)
  }
  throw new Cut(`no mail with a link to ${page}`)
}
