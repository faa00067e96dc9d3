import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import { newId } from '#lib/ids.ts'
import { isActive } from '#storage/active.ts'
import { AlreadyExists } from '#storage/errors.ts'
import type { Identity, IdentityProfile, IdentityStore, SeenIdentity } from '#storage/identities.ts'
import type { NewUser, User, UserStore } from '#storage/users.ts'

/**
 * Signs in the person whom another provider has vouched for: the one rule behind the browser's redirect hop, the mini
 * program and the exchange of foreign tokens.
 *
 * 1. An identity that is known is its user, whatever e-mail comes with it.
 * 2. An e-mail joins the identity to the account that has it only when the provider is trusted to have verified it, and
 *    did. If the account's own address is not verified, a stranger may have made it: its owner takes it over, and nothing
 *    that was attached to it before stays, not even the password.
 * 3. Everyone else gets a new account. It has the e-mail only if rule 2 would have joined by it.
 *
 * An e-mail that is not verified decides nothing: people choose it at the provider, and could otherwise learn from what
 * happens who has an account here. See `mustAsk` for those who do have one.
 */
export type FederatedSignIn = (
  seen: SeenIdentity,
  options: FederatedSignInOptions,
) => Promise<FederatedEntry>

export interface FederatedSignInOptions {
  /** Whether `email_verified` of this provider is to be believed. */
  trustsEmail: boolean
  /** For a new account: BCP 47. */
  locale?: string | undefined
  /** More of a new account: metadata, phone. */
  newUser?: Partial<NewUser> | undefined
}

export interface FederatedEntry {
  user: User
  isNew: boolean
  /** The account existed, and this identity is new to it. */
  isLinked: boolean
}

/**
 * Whether a person with a browser is asked, before a sign-in, to choose between the account that may have this e-mail,
 * proved by its password, and a new one. The question is the same whether or not such an account exists.
 */
export async function mustAsk(
  identities: Pick<IdentityStore, 'find'>,
  seen: SeenIdentity,
  { trustsEmail }: Pick<FederatedSignInOptions, 'trustsEmail'>,
): Promise<boolean> {
  const profile = storable(seen.profile)
  if (profile.email === undefined || isProved(profile, { trustsEmail })) return false
  return (await identities.find(seen)) === undefined
}

const isProved = (
  { email, emailVerified }: IdentityProfile,
  { trustsEmail }: Pick<FederatedSignInOptions, 'trustsEmail'>,
): boolean => email !== undefined && trustsEmail && emailVerified === true

export interface FederatedSignInParts {
  identities: IdentityStore
  users: Pick<UserStore, 'findById' | 'findByIdentifier' | 'update'>
  registrationOpen: boolean
  /** Gives the account to the owner of its address; resolves to the user as it is then. */
  takeOver(user: User): Promise<User>
}

export function createFederatedSignIn(parts: FederatedSignInParts): FederatedSignIn {
  const { identities, users } = parts

  const enter = (user: User, { isNew = false, isLinked = false } = {}): FederatedEntry => {
    mustBeActive(user)
    return { user, isNew, isLinked }
  }

  const signIn: FederatedSignIn = async (seen, options) => {
    const known = await identities.find(seen)
    if (known) {
      // Read before the identity is checked again: an identity unlinked in the meantime must not sign in.
      const user = await require(parts, known.userId)
      mustBeActive(user)
      const fresh = await refresh(parts, { known, user, seen })
      return fresh ? enter(fresh) : signIn(seen, options)
    }
    const email = isProved(seen.profile, options) ? seen.profile.email : undefined
    const local = email && (await users.findByIdentifier(email))
    if (local) {
      mustBeActive(local)
      const owned = local.emailVerified ? local : await parts.takeOver(local)
      await identities.link(owned.id, seen, owned.signInEpoch)
      return enter(owned, { isLinked: true })
    }
    if (!parts.registrationOpen) throw new AppError('registration_closed')
    const { userId, isNew } = await identities.claim(seen, {
      id: newId(),
      ...(email && { email, emailVerified: true }),
      nickname: seen.profile.nickname,
      avatarUrl: seen.profile.avatarUrl,
      locale: options.locale,
      ...options.newUser,
    })
    return enter(await require(parts, userId), { isNew })
  }
  return (given, options) => {
    const seen = { ...given, profile: storable(given.profile) }
    return signIn(seen, options).catch((error: unknown) => {
      // Another request took the address or the identity first: it is there now, and rules 1 and 2 decide.
      if (error instanceof AlreadyExists) return signIn(seen, options)
      throw error
    })
  }
}

/** Joins the identity to the account; 409 when someone else signs in with it. */
export async function linkIdentity(
  identities: Pick<IdentityStore, 'link'>,
  { id, signInEpoch }: Pick<User, 'id' | 'signInEpoch'>,
  seen: SeenIdentity,
): Promise<Identity> {
  return identities.link(id, seen, signInEpoch).catch((cause: unknown) => {
    throw cause instanceof AlreadyExists ? new AppError('identity_taken', { cause }) : cause
  })
}

function mustBeActive(user: User): void {
  if (!isActive(user)) throw new AppError('account_disabled')
}

const isEmail = z.email().max(254)
const isPicture = z.url({ protocol: /^https$/ }).max(2048)
const longestNickname = 64

/**
 * The profile as we may keep it: others have chosen it, and our own rules hold for it too. What is no e-mail is none, so
 * that it is never taken for a username.
 */
export function storable({
  email,
  emailVerified,
  nickname,
  avatarUrl,
}: IdentityProfile): IdentityProfile {
  const address = isEmail.safeParse(email?.trim()).data
  const name = Array.from(
    nickname
      ?.toWellFormed()
      .replaceAll(/\p{Cc}/gu, '')
      .trim() ?? '',
  )
  return {
    email: address,
    emailVerified: address === undefined ? undefined : emailVerified === true,
    nickname: name.slice(0, longestNickname).join('') || undefined,
    avatarUrl: isPicture.safeParse(avatarUrl?.replace(/^http:/, 'https:')).data,
  }
}

/** Nickname and picture follow the provider's for as long as the person has not changed them here. */
async function refresh(
  parts: FederatedSignInParts,
  { known, user, seen }: { known: Identity; user: User; seen: SeenIdentity },
): Promise<User | undefined> {
  // What the provider does not say this time it has not taken back.
  const said = Object.entries(seen.profile).filter(([, value]) => value !== undefined)
  const profile = { ...known.profile, ...Object.fromEntries(said) }
  if (!(await parts.identities.refresh(user.id, { ...seen, profile }))) return undefined
  const { nickname, avatarUrl } = seen.profile
  const change = {
    ...(nickname !== undefined && isTheirs(user.nickname, known.profile.nickname) && { nickname }),
    ...(avatarUrl !== undefined &&
      isTheirs(user.avatarUrl, known.profile.avatarUrl) && { avatarUrl }),
  }
  const isChanged = Object.entries(change).some(([field, value]) => user[field as never] !== value)
  const changed = isChanged ? await parts.users.update(user.id, change) : undefined
  return { ...(changed ?? user), signInEpoch: user.signInEpoch }
}

const isTheirs = (ours: string | undefined, before: string | undefined): boolean =>
  ours === undefined || ours === before

async function require({ users }: FederatedSignInParts, id: string): Promise<User> {
  const user = await users.findById(id)
  if (!user) throw new AppError('account_disabled')
  return user
}
