import { providersOfEnvironment, type DeclaredProvider } from '#config/providers.ts'
import { providerSettings } from '#config/provider-settings.ts'
import type { Config } from '#config/load.ts'
import { createHop, type Hop } from '#federation/hop.ts'
import { createNotes, type Notes } from '#federation/notes.ts'
import { createProviders, type Providers } from '#federation/registry.ts'
import { createFederatedSignIn, type FederatedSignIn } from '#federation/sign-in.ts'
import { createOutbound } from '#http/outbound.ts'
import { createSameBrowser, type SameBrowser } from '#http/same-browser.ts'
import { AppError } from '#lib/app-error.ts'
import { createSealer } from '#lib/sealing.ts'
import type { EndSignIns } from '#users/end-sign-ins.ts'
import type { Foundation } from './foundation.ts'

/** Sign-in through other providers: those that are configured, the way there and back, and who someone is then. */
export interface Federation {
  providers: Providers
  hop: Hop
  notes: Notes
  browser: SameBrowser
  signInFederated: FederatedSignIn
}

export function createFederation(
  { config, storage, log, now, secrets }: Foundation,
  endSignIns: EndSignIns,
): Federation {
  const outbound = createOutbound({ allowedHosts: allowedHosts(config) })
  const providers = createProviders({
    store: storage.providers,
    sealer: createSealer(secrets, 'providers'),
    outbound,
    now,
    pollMs: config.PROVIDER_POLL_SECONDS * 1000,
    onError: (error) => log.error({ err: error }, 'cannot read the providers'),
  })
  const sealer = createSealer(secrets, 'federation')
  const notes = createNotes({ artifacts: storage.artifacts, sealer, now })
  return {
    providers,
    notes,
    hop: createHop({ providers, notes, outbound, issuer: config.ISSUER }),
    browser: createSameBrowser(config.ISSUER.startsWith('https:')),
    signInFederated: createFederatedSignIn({
      ...storage,
      registrationOpen: config.REGISTRATION === 'open',
      async takeOver(user) {
        const takeover = { email: user.email, password: true }
        const ended = await endSignIns(user, { apiKeys: true, takeover })
        if (!ended) throw new AppError('account_disabled')
        return { ...user, emailVerified: true, signInEpoch: ended.epoch }
      },
    }),
  }
}

/** All that no administrator can change; the environment first. */
export function declaredProviders(
  config: Config,
  file: readonly DeclaredProvider[],
): DeclaredProvider[] {
  const named = providersOfEnvironment(config)
  const taken = new Set(named.map(({ id }) => id))
  return [...named, ...file.filter(({ id }) => !taken.has(id))]
}

/** Where the operator says that a vendor is, it may be on a private address. */
function allowedHosts(config: Config): string[] {
  const bases = Object.entries(config).filter(
    ([name, value]) => name in providerSettings && name.endsWith('_BASE_URL') && value,
  )
  return [...config.FETCH_ALLOWED_HOSTS, ...bases.map(([, value]) => new URL(String(value)).host)]
}
