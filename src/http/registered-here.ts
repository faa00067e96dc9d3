import type { AppContext } from './context.ts'

/**
 * Which account a browser has registered, for as long as the mail that confirms its address works. The link of that mail
 * then asks for nothing more in this browser; in another one the account may be a stranger's.
 */
export interface RegisteredHere {
  note(ctx: AppContext, accountId: string): void
  /** Undefined when this browser has registered none. */
  accountOf(ctx: AppContext): string | undefined
}

const cookie = 'yumen_registered'
const lifeMs = 24 * 3_600_000

export const createRegisteredHere = (secure: boolean): RegisteredHere => ({
  note(ctx, accountId) {
    ctx.cookies.set(cookie, accountId, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      signed: true,
      maxAge: lifeMs,
    })
  },
  accountOf: (ctx) => ctx.cookies.get(cookie, { signed: true }),
})
