import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { levelOf } from './acr.ts'

/**
 * Whether a second factor is due before an authorization goes on, decided again at every step from what is stored: the
 * level of the session, the person's factors and roles, the client's rule and the request's. No step can be skipped by
 * replaying another, because nothing but the session's own level counts.
 */
export interface SecondFactorPolicy {
  /** Whether the person has a factor. */
  has(accountId: string): Promise<boolean>
  /** Whether one of these roles must have one. */
  isRequiredFor(roles: readonly string[]): boolean
  /** Whether the browser with this cookie is spared. */
  isRemembered(accountId: string, cookie: string): Promise<boolean>
  /** The cookie of a browser that the account has remembered. */
  cookieName(accountId: string): string
}

type Demand = 'none' | 'verify' | 'enrol'

/** For so many seconds a sign-in shows that this is the owner: an old one must not lock them out, nor take the account over. */
export const freshSeconds = 600

const { Check, Prompt } = interactionPolicy

/**
 * The prompt that comes after the login, and the check that sends a stale session back there before it enrols. `passed` is
 * called when nothing about the person is due any more.
 */
export function createSecondFactorPrompt(
  policy: SecondFactorPolicy,
  passed: (ctx: KoaContextWithOIDC) => Promise<void>,
): {
  prompt: interactionPolicy.Prompt
  freshness: interactionPolicy.Check
} {
  // Two prompts ask in one request, and the person's factors are a query.
  const asked = new WeakMap<KoaContextWithOIDC, Promise<Demand>>()
  const demandIn = (ctx: KoaContextWithOIDC): Promise<Demand> => {
    const demand = asked.get(ctx) ?? decide(policy, ctx)
    asked.set(ctx, demand)
    return demand
  }
  const prompt = new Prompt(
    { name: 'second_factor', requestable: false },
    (ctx) => ({ explicit: levelAsked(ctx) > 1 }),
    new Check('second_factor_due', 'a second factor is required', async (ctx) => {
      if ((await demandIn(ctx)) !== 'none') return Check.REQUEST_PROMPT
      await passed(ctx)
      return Check.NO_NEED_TO_PROMPT
    }),
  )
  const freshness = new Check(
    'enrolment_needs_fresh_login',
    'a second factor is to be set up, and the sign-in is too old for that',
    'login_required',
    async (ctx) => {
      const { session, result } = ctx.oidc
      const isStale =
        !result?.login && session?.accountId !== undefined && session.past(freshSeconds)
      return isStale && (await demandIn(ctx)) === 'enrol'
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT
    },
  )
  return { prompt, freshness }
}

async function decide(policy: SecondFactorPolicy, ctx: KoaContextWithOIDC): Promise<Demand> {
  const { session, account } = ctx.oidc
  const level = levelAsked(ctx)
  if (!session?.accountId || !account) return 'none'
  return demandOf(policy, {
    accountId: session.accountId,
    acr: session.acr,
    roles: account['roles'] as string[],
    level,
    cookie: (name) => ctx.cookies.get(name, { signed: true }),
  })
}

/** What a browser's session stands for, and what is wanted of it. */
export interface SessionFacts {
  accountId: string
  acr: string | undefined
  roles: readonly string[]
  /** 1, or 2 when two factors are wanted by name. */
  level: number
  /** A signed cookie of the browser. */
  cookie(name: string): string | undefined
}

/** What is still due in this session: nothing, an answer of a factor that is there, or a first factor. */
export async function demandOf(
  policy: SecondFactorPolicy,
  { accountId, acr, roles, level, cookie }: SessionFacts,
): Promise<Demand> {
  if (levelOf(acr) > 1) return 'none'
  const has = await policy.has(accountId)
  if (level > 1) return has ? 'verify' : 'enrol'
  if (!has) return policy.isRequiredFor(roles) ? 'enrol' : 'none'
  const device = cookie(policy.cookieName(accountId))
  const isSpared = device !== undefined && (await policy.isRemembered(accountId, device))
  return isSpared ? 'none' : 'verify'
}

interface AcrClaim {
  value?: unknown
  values?: unknown
  essential?: boolean
}

/**
 * The level that the client or its request wants: of several `acr_values` any will do. An essential claim for what we
 * do not know ends the request (RFC 9470 §5), a voluntary one is passed over (OIDC Core §5.5.1.1).
 */
function levelAsked({ oidc: { client, claims } }: KoaContextWithOIDC): number {
  const { value, values, essential } = (claims.id_token?.['acr'] ?? {}) as AcrClaim
  const wanted = [values ?? value ?? []].flat()
  const known = wanted.map(levelOf).filter((level) => level > 0)
  if (essential && wanted.length > 0 && known.length === 0) {
    throw new errors.CustomOIDCProviderError(
      'unmet_authentication_requirements',
      'none of the requested acr values is known here',
    )
  }
  return Math.max(known.length > 0 ? Math.min(...known) : 1, levelOf(client?.['require_acr']))
}
