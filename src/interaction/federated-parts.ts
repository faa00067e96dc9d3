import type { Hop, Purpose } from '#federation/hop.ts'
import type { Notes } from '#federation/notes.ts'
import type { Provider, Providers } from '#federation/registry.ts'
import type { FederatedSignIn } from '#federation/sign-in.ts'
import type { AppContext } from '#http/context.ts'
import type { SameBrowser } from '#http/same-browser.ts'
import type { IdentityStore, SeenIdentity } from '#storage/identities.ts'
import type { Authenticate } from '#users/authenticate.ts'
import type { MessageKey } from '#view/translate.ts'
import type { Interaction } from './interaction.ts'
import type { LinkProps } from './pages.ts'
import type { Steps } from './steps.ts'

/** The step of an interaction that another provider takes: the way there, and the arrival. */
export interface FederatedParts {
  providers: Providers
  hop: Hop
  notes: Notes
  browser: SameBrowser
  signInFederated: FederatedSignIn
  identities: Pick<IdentityStore, 'find' | 'link'>
  authenticate: Authenticate
  limit(address: string): Promise<Record<string, string>>
}

/** What the other steps lend this one. */
export interface StepTools extends Pick<Steps, 'show' | 'submit' | 'enter' | 'record'> {
  /** The login page with a sentence above the form. */
  refuse(ctx: AppContext, interaction: Interaction, refusal: Refusal): Promise<void>
  showLink(ctx: AppContext, interaction: Interaction, props: LinkProps): Promise<void>
}

export interface Refusal {
  error: MessageKey
  provider: Provider
  status: number
}

/** Who has arrived, as the callback has noted it. */
export interface Ticket {
  purpose: Purpose
  providerId: string
  seen: SeenIdentity
  trustsEmail: boolean
}

export interface Arrival {
  ticket: Ticket
  provider: Provider
}

/** Signs in who has arrived, or shows the login page with the reason why not. */
export type SignInStep = (
  ctx: AppContext,
  interaction: Interaction,
  arrival: Arrival,
) => Promise<void>

export const isOf = (purpose: Purpose, { uid }: Interaction): boolean =>
  purpose.kind === 'sign-in' && purpose.uid === uid
