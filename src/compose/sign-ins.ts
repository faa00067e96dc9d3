import { createSealer } from '#lib/sealing.ts'
import { createSessions, type Sessions } from '#oidc/sessions.ts'
import { whenCommitted } from '#oidc/unit-of-work.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import {
  createCompleteSignIn,
  type CompleteSignIn,
  type CompleteSignInParts,
} from '#users/complete-sign-in.ts'
import { createEndSignIns, type EndSignIns } from '#users/end-sign-ins.ts'
import { createKnownDevices } from '#users/known-devices.ts'
import { describeRemoved } from '#view/removed.ts'
import { chooseLocale } from '#view/translate.ts'
import type { Foundation } from './foundation.ts'
import type { Mail } from './mail.ts'

/** How sign-ins end well and badly, and those that last. */
export interface SignIns {
  /** What follows a sign-in, whatever way it took. */
  complete: CompleteSignIn
  end: EndSignIns
  sessions: Sessions
}

export interface SignInsParts {
  audit: Telemetry['audit']
  mail: Mail
}

export function createSignIns(foundation: Foundation, { audit, mail }: SignInsParts): SignIns {
  const { storage, secrets } = foundation
  const sealer = createSealer(secrets, 'artifacts')
  return {
    complete: createCompleteSignIn({
      users: storage.users,
      noteDevice: noteDeviceOf(foundation, { audit, mail }),
      audit: (event, { address, agent, traceId }) =>
        whenCommitted(() => audit.record({ ...event, address, agent, traceId })),
    }),
    end: createEndSignIns({ signIns: storage.signIns, tellTakenOver: tellTakenOverOf(mail) }),
    sessions: createSessions({ ...storage, sealer }),
  }
}

const tellTakenOverOf =
  ({ notify }: Mail): Parameters<typeof createEndSignIns>[0]['tellTakenOver'] =>
  async ({ email, locale = 'en' }, removed) => {
    const about = describeRemoved(removed, chooseLocale([locale]))
    if (email !== undefined) await notify('takenOver', { to: email, locale, values: { about } })
  }

function noteDeviceOf(
  { config, storage, now }: Foundation,
  { audit, mail }: SignInsParts,
): CompleteSignInParts['noteDevice'] {
  const devices = createKnownDevices({ artifacts: storage.artifacts, now })
  return async ({ user, device, isQuiet = false, request }) => {
    if (!config.NOTIFY_NEW_DEVICE) return
    if (!(await devices.see(user, device)) || isQuiet) return
    const { address, agent, traceId } = request
    const { id, email: to, locale = request.locale ?? 'en' } = user
    audit.record({ type: 'device.new', actor: id, target: `user:${id}`, address, agent, traceId })
    if (to !== undefined)
      await mail.notify('newDevice', { to, locale, values: { agent, address, at: now() } })
  }
}
