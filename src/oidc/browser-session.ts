import type { Provider } from 'oidc-provider'
import type { ArtifactStore } from '#storage/artifacts.ts'
import { artifactKey } from './payload-codec.ts'
import { inUnit } from './unit-of-work.ts'

/** The client with which people sign in for our own pages. */
export const pagesClientId = 'yumen-pages'

/** Who is signed in in a browser, as the engine's cookie says. */
export interface BrowserSession {
  accountId: string
  /** Constant for as long as the sign-in lasts. */
  uid: string
  /** The account's sign-in epoch; absent from a session that is older than epochs. */
  epoch: number | undefined
  /** Key of the session's record, as `Sessions` lists it. */
  key: string
  /** When the person last proved who they are, in milliseconds. */
  signedInAt: number
  /** How (RFC 8176), and with what assurance. */
  amr: readonly string[]
  acr: string | undefined
}

/** Resolves to undefined when no one is signed in in the browser that sent the request. */
export const readBrowserSession = (
  { provider, artifacts }: { provider: Provider; artifacts: ArtifactStore },
  ctx: object,
): Promise<BrowserSession | undefined> =>
  inUnit(artifacts, async (unit) => {
    const session = await provider.Session.get(ctx as never)
    const { accountId, loginTs, uid, jti, amr = [], acr } = session
    if (accountId === undefined || loginTs === undefined) return undefined
    const epoch = unit.epochOf(accountId)
    return { accountId, uid, epoch, key: artifactKey(jti), signedInAt: loginTs * 1000, amr, acr }
  })
