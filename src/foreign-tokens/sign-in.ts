import type { RequestFacts } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { IdentityStore, SeenIdentity } from '#storage/identities.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { ForeignPerson, ForeignTokens, Refused } from './verify.ts'
import { storable, type FederatedSignIn } from '#federation/sign-in.ts'

/** People who come with another provider's JWT: they sign in with it, or show it at our own API at every call. */
export interface ForeignSignIn {
  /** Signs the person in, and makes them at first sight. Rejects with 403 for someone who is banned or may not register. */
  enter(token: string): Promise<ForeignEntry | Refused>
  /** What follows when the person has what they came for. */
  complete(entry: ForeignEntry, request: ForeignRequest): Promise<void>
  /** Whose it is, for an account to be joined with; refused when it is not good, or of someone who has no name there. */
  identify(token: string): Promise<SeenIdentity | Refused>
  /** Who calls our own API with this token; undefined when it is not good, or not taken there. */
  recognize(
    token: string,
    request: ForeignRequest,
  ): Promise<{ userId: string; scopes: readonly string[] } | undefined>
}

export interface ForeignEntry {
  /** As they were before this sign-in. */
  user: User
  isNew: boolean
  issuer: string
  subject: string
}

export interface ForeignSignInParts {
  tokens: ForeignTokens
  signIn: FederatedSignIn
  identities: Pick<IdentityStore, 'find'>
  users: Pick<UserStore, 'findById' | 'update'>
  now: Clock
  /** What follows when a person has signed in with a token. */
  complete(entry: ForeignEntry, request: ForeignRequest): Promise<void>
}

/** Where a token comes from. */
export type ForeignRequest = Pick<RequestFacts, 'address' | 'agent' | 'traceId'>

/** Calls with a token count as one sign-in a day, and bring the profile up to date as often. */
const dayMs = 24 * 3_600_000

export function createForeignSignIn(parts: ForeignSignInParts): ForeignSignIn {
  const { tokens, identities, users, now } = parts
  return {
    async enter(token) {
      const person = await tokens.verify(token)
      return 'refused' in person ? person : enter(parts, person)
    },

    async identify(token) {
      const person = await tokens.verify(token)
      if ('refused' in person) return person
      if (person.isAnonymous) return { refused: 'the token is of an anonymous person' }
      return { ...person.seen, profile: storable(person.seen.profile) }
    },

    complete: parts.complete,

    async recognize(token, request) {
      const person = await tokens.verify(token)
      const scopes = 'refused' in person ? undefined : person.issuer.apiScopes
      if ('refused' in person || scopes === undefined) return undefined
      const known = await identities.find(person.seen)
      const user = known && (await users.findById(known.userId))
      // Who has asked to be erased signs in on purpose or not at all.
      if (user?.eraseAt !== undefined || user?.bannedAt !== undefined) return undefined
      const isRecent = known !== undefined && now() - known.lastUsedAt < dayMs
      if (user && isRecent && !becomesPermanent(user, person)) return { userId: user.id, scopes }

      const entry = await enter(parts, person).catch(refusedOf)
      if ('refused' in entry) return undefined
      await parts.complete(entry, request)
      return { userId: entry.user.id, scopes }
    },
  }
}

function refusedOf(error: unknown): Refused {
  if (error instanceof AppError && error.status === 403) return { refused: error.code }
  throw error
}

async function enter(parts: ForeignSignInParts, person: ForeignPerson): Promise<ForeignEntry> {
  const { seen, issuer } = person
  const metadata = { public: {}, private: { is_anonymous: true } }
  const { user, isNew } = await parts.signIn(seen, {
    trustsEmail: issuer.trustsEmail,
    newUser: person.isAnonymous ? { metadata } : undefined,
  })
  if (becomesPermanent(user, person)) await makePermanent(parts, user, person)
  return { user, isNew, issuer: issuer.issuer, subject: seen.subject }
}

/** Someone has said who they are since; the way back does not exist, an old token of theirs changes nothing. */
const becomesPermanent = ({ metadata }: User, { isAnonymous }: ForeignPerson): boolean =>
  !isAnonymous && metadata.private['is_anonymous'] === true

/** The mark goes, and a verified address becomes theirs unless someone has it. */
async function makePermanent(
  { users }: ForeignSignInParts,
  user: User,
  { seen: { profile }, issuer }: ForeignPerson,
): Promise<void> {
  const isTheirs = issuer.trustsEmail && profile.emailVerified === true && user.email === undefined
  await users.update(user.id, { metadataPatch: { private: { is_anonymous: false } } })
  if (!isTheirs) return
  await users
    .update(user.id, { email: profile.email, emailVerified: true })
    .catch((error: unknown) => {
      if (!(error instanceof AlreadyExists)) throw error
    })
}
