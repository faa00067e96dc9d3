import type { EndedSignIns, EndOfSignIns, SignInStore, TakenAway } from '#storage/sign-ins.ts'
import type { User } from '#storage/users.ts'

/**
 * Ends every sign-in of a person, as `SignInStore.end` does. If that takes the account over from someone who had made it
 * under an address that was not theirs, its owner hears what was removed (Sudhodanan and Paverd, "Pre-hijacked accounts",
 * USENIX Security 2022).
 */
export type EndSignIns = (user: User, how?: EndOfSignIns) => Promise<EndedSignIns | undefined>

export interface EndSignInsParts {
  signIns: SignInStore
  tellTakenOver(user: User, removed: TakenAway): Promise<void>
}

export function createEndSignIns({ signIns, tellTakenOver }: EndSignInsParts): EndSignIns {
  return async (user, how) => {
    const ended = await signIns.end(user.id, how)
    const removed = ended?.takenAway
    if (removed && isSomething(removed)) await tellTakenOver(user, removed)
    return ended
  }
}

const isSomething = ({ apiKeys, identities, factors, password }: TakenAway): boolean =>
  apiKeys + identities.length + factors > 0 || password
