import { createHash } from 'node:crypto'
import { newId, newSecret } from '#lib/ids.ts'
import { activeUsers } from '#storage/statistics.ts'
import type { Storage } from '#storage/storage.ts'
import type { RunningServer } from '../src/server.ts'
import { createBrowser } from '../test/support/browser.ts'

/** What the pictures show: a small company with people in two languages, its applications, and a month of sign-ins. */
export interface Sample {
  issuer: string
  /** On which the application of the pictures sends people here. */
  authorizeUrl: string
  clientId: string
}

export interface SampleParts {
  issuer: string
  storage: Storage
  server: RunningServer
}

const person = (nickname: string, email: string) => ({ nickname, email, password: newSecret(12) })

export const people = {
  administrator: person('Ada Moreau', 'ada@example.com'),
  wei: person('Wei Zhang', 'wei.zhang@example.com'),
}

const others = [
  ['陈静', 'chen.jing'],
  ['Liam O’Connor', 'liam'],
  ['王小明', 'xiaoming'],
  ['Sofia Rossi', 'sofia.rossi'],
  ['李娜', 'li.na'],
  ['Noah Williams', 'noah'],
  ['刘洋', 'liu.yang'],
  ['Emma Schmidt', 'emma.schmidt'],
  ['赵磊', 'zhao.lei'],
] as const

const phones = {
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  windows:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
}

export async function fill(parts: SampleParts): Promise<Sample> {
  const { issuer, storage } = parts
  await addPeople(parts)
  const clientId = await addClients(storage)
  await storage.resources.put({
    identifier: 'https://api.example.com/notes',
    name: { en: 'Notes', 'zh-CN': '笔记' },
    scopes: ['notes:read', 'notes:write'].map((name) => ({
      name,
      description: { en: `${name} of Notes`, 'zh-CN': `笔记的 ${name}` },
    })),
  })
  await storage.statistics.add({ counts: days().flatMap(countsOf), active: [] })
  for (const agent of Object.values(phones)) {
    const browser = createBrowser(issuer, { 'user-agent': agent })
    const login = await browser.open(`${issuer}/account`)
    await login.submit('/login', { identifier: people.wei.email, password: people.wei.password })
  }
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: 'https://notes.example.com/callback',
    response_type: 'code',
    scope: 'openid profile email offline_access',
    prompt: 'consent',
    state: newSecret(),
    code_challenge: createHash('sha256').update(newSecret(48)).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return { issuer, clientId, authorizeUrl: `${issuer}/oauth/authorize?${query.toString()}` }
}

async function addPeople({ storage, server }: SampleParts): Promise<void> {
  const domain = '@example.com'
  const more = others.map(([nickname, name]) => person(nickname, name + domain))
  await storage.roles.put({ name: 'editor', description: 'Edits notes', permissions: {} })
  for (const [index, one] of [...more, people.wei, people.administrator].entries()) {
    const made = await server.services.accounts.register(one)
    if ('problems' in made) throw new Error(JSON.stringify(made.problems))
    const roles = one === people.administrator ? ['admin'] : index % 4 === 1 ? ['editor'] : []
    await storage.users.update(made.user.id, { roles, emailVerified: index % 5 !== 2 })
    for (let times = (index * 4) % 7; times > 0; times--)
      await storage.users.recordLogin(made.user.id)
  }
}

/** Resolves to the id of the one that the pictures show. */
async function addClients(storage: Storage): Promise<string> {
  const ids = ['Acme Notes', '考勤', 'Timesheets'].map((name) => ({ name, id: newId() }))
  for (const { name, id } of ids)
    await storage.clients.put({
      id,
      secretHashes: [],
      metadata: {
        client_name: name,
        verified: true,
        redirect_uris: ['https://notes.example.com/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    })
  return ids[0]!.id
}

const day = 24 * 60 * 60 * 1000
const days = (): Date[] =>
  Array.from({ length: 30 }, (_none, index) => new Date(Date.now() - (29 - index) * day))

/** Fewer at the weekend, a few more each week, and the same at every run. */
function countsOf(date: Date, index: number) {
  const isWeekend = [0, 6].includes(date.getUTCDay())
  const base = Math.round((isWeekend ? 14 : 48) * (1 + index / 60) + ((index * 7) % 11))
  const counts = {
    'login.succeeded': base,
    'login.failed': Math.round(base / 9) + ((index * 5) % 4),
    [activeUsers]: Math.round(base * 0.8),
    'token.issued:authorization_code': base + 6,
    'token.issued:refresh_token': base * 2,
    'token.issued:client_credentials': 30,
  }
  return Object.entries(counts).map(([name, count]) => ({
    day: date.toISOString().slice(0, 10),
    name,
    count,
  }))
}
