/** People with a password, brought in as an operator would, and what they send. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Request } from 'autocannon'
import { argon2id, hash } from 'argon2'
import { runCommand } from './harness.ts'

export const password = 'correct horse battery'

export const emailOf = (number: number): string => `person.${number}@example.com`

/** What a password costs by default (`src/config/account-settings.ts`). */
export const defaultCosts = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** The least that the settings allow, for programs that measure something else. */
export const leastCosts = { memoryCost: 8192, timeCost: 1, parallelism: 1 }
export type Costs = typeof defaultCosts

export const costSettings = (costs: Costs): Record<string, string> => ({
  ARGON2_MEMORY_KIB: String(costs.memoryCost),
  ARGON2_TIME_COST: String(costs.timeCost),
  ARGON2_PARALLELISM: String(costs.parallelism),
})

export const hashOf = (costs: Costs): Promise<string> =>
  hash(password, { type: argon2id, ...costs })

/** Writes people 1 to `count` into the database of `env`, before the server starts. */
export async function importPeople(
  { folder, env }: { folder: string; env: Record<string, string> },
  count: number,
  costs: Costs,
): Promise<void> {
  const passwordHash = await hashOf(costs)
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      id: index + 1,
      email: emailOf(index + 1),
      email_verified: true,
      password_hash: passwordHash,
    }),
  )
  const file = join(folder, 'people.jsonl')
  writeFileSync(file, lines.join('\n'))
  await runCommand(folder, env, 'migrate')
  await runCommand(folder, env, 'user', 'import', file)
}

export const jsonRequest = (path: string, body: object): Request => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export const loginRequest = (number: number): Request =>
  jsonRequest('/auth/login', { email: emailOf(number), password })

/** Each request is the sign-in of the next person, the first one again after the last. */
export function loginsInTurn(people: number): Request {
  let last = 0
  return {
    setupRequest: (request) => ({ ...request, ...loginRequest((last++ % people) + 1) }),
  }
}
