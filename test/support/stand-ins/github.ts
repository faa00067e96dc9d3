import { createHash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { newSecret } from '#lib/ids.ts'
import { sendBack, standIn, type StandIn } from './server.ts'

/** GitHub: the site and its API at one address. A refused code is an answer with status 200. */
export interface GithubStandIn extends StandIn {
  clientId: string
  clientSecret: string
  person: { id: number; login: string; name: string | null; email: string | null }
  emails: { email: string; primary: boolean; verified: boolean; visibility: string | null }[]
  mood: 'willing' | 'denying' | 'refusing' | 'failing'
}

export async function githubStandIn(t: Pick<ExecutionContext, 'teardown'>): Promise<GithubStandIn> {
  const codes = new Map<string, URLSearchParams>()
  const token = `gho_${newSecret(24)}`
  const isAllowed = (authorization: string | undefined) => authorization === `Bearer ${token}`
  const bad = { status: 401, body: { message: 'Bad credentials', status: '401' } }
  const server = await standIn(t, {
    'GET /login/oauth/authorize': (asked) => {
      if (self.mood === 'denying') {
        const error_description = 'The user has denied your application access.'
        return sendBack(asked, { error: 'access_denied', error_description })
      }
      const code = newSecret(10)
      codes.set(code, asked.query)
      return sendBack(asked, { code })
    },
    'POST /login/oauth/access_token': ({ form }) => {
      if (self.mood === 'failing') return { status: 502, type: 'text/html', body: 'Unicorn!' }
      const request = codes.get(form.get('code') ?? '')
      codes.delete(form.get('code') ?? '')
      const verifier = createHash('sha256').update(form.get('code_verifier') ?? '')
      const isGood =
        request?.get('code_challenge') === verifier.digest('base64url') &&
        form.get('client_id') === self.clientId &&
        form.get('client_secret') === self.clientSecret
      // Without `Accept: application/json` GitHub answers as a form.
      const type = 'application/x-www-form-urlencoded; charset=utf-8'
      const answer: Record<string, string> =
        isGood && self.mood !== 'refusing'
          ? { access_token: token, scope: 'read:user,user:email', token_type: 'bearer' }
          : {
              error: 'bad_verification_code',
              error_description: 'The code passed is incorrect or expired.',
            }
      return { type, body: new URLSearchParams(answer).toString() }
    },
    'GET /user': ({ headers }) =>
      isAllowed(headers.authorization)
        ? { body: { ...self.person, avatar_url: 'https://avatars.example/u/1?v=4' } }
        : bad,
    'GET /user/emails': ({ headers }) =>
      isAllowed(headers.authorization) ? { body: self.emails } : bad,
  })
  const self: GithubStandIn = Object.assign(server, {
    clientId: 'Iv1.0123456789abcdef',
    clientSecret: newSecret(20),
    person: { id: 583_231, login: 'octocat', name: '八爪猫 🐙', email: null },
    emails: [],
    mood: 'willing' as const,
  })
  return self
}
