import type { RequestFacts } from '#http/api.ts'
import type { AppContext } from '#http/context.ts'
import { newSecret } from '#lib/ids.ts'
import type { User } from '#storage/users.ts'
import { deviceLifeMs } from '#users/known-devices.ts'

/** How a browser is known again by those who have signed in with it: by a cookie with a random value, which signs nobody in. */
export interface DeviceParts {
  basePath: string
  /** Tells the person when this is a new device. `isQuiet`: only remembers it. */
  noteDevice(signIn: {
    user: User
    device: string
    isQuiet?: boolean
    request: RequestFacts
  }): Promise<void>
}

const cookie = 'yumen_device'

/** The value of the cookie, which is set anew for as long as it may last. */
export function deviceOf(ctx: AppContext, { basePath }: DeviceParts): string {
  const kept = ctx.cookies.get(cookie, { signed: false })
  const device = kept !== undefined && /^[\w-]{43}$/.test(kept) ? kept : newSecret()
  ctx.cookies.set(cookie, device, {
    path: basePath || '/',
    httpOnly: true,
    sameSite: 'lax',
    signed: false,
    maxAge: deviceLifeMs,
  })
  return device
}
