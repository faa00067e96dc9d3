import type { Router } from '@koa/router'
import type { Provider } from '#federation/registry.ts'
import { linkIdentity } from '#federation/sign-in.ts'
import type { AppContext, RequestState } from '#http/context.ts'
import { AppError } from '#lib/app-error.ts'
import type { SeenIdentity } from '#storage/identities.ts'
import type { FederatedParts, LinkProps, StepTools } from './federated-routes.ts'
import type { Interaction } from './interaction.ts'
import type { Step } from './steps.ts'

/**
 * Where an account with the e-mail of somebody who has just arrived is there already: the proof, by its password, that it
 * is the same person's. The proof is about one identity and one account, of this interaction and this browser, and is
 * good once; wrong passwords count as they do on the login page.
 */
/** Whose account must be proved before the identity is theirs. */
interface Proof {
  uid: string
  userId: string
  providerId: string
  seen: SeenIdentity
}

export interface LinkSteps {
  /** Sends the browser to the page that asks for the password. */
  ask(
    ctx: AppContext,
    interaction: Interaction,
    about: { seen: SeenIdentity; provider: Provider; userId: string },
  ): Promise<void>
  addTo(router: Router<RequestState>): void
}

export function linkSteps(parts: FederatedParts, tools: StepTools): LinkSteps {
  /** The proof that is asked for, of this interaction and this browser. */
  const findProof = async (ctx: AppContext, interaction: Interaction, ticket: string) => {
    const proof = await parts.notes.read<Proof>(ticket, parts.browser.recognise(ctx))
    const provider = parts.providers.find(proof?.providerId ?? '')
    const user = proof?.uid === interaction.uid && (await parts.users.findById(proof.userId))
    if (!proof || !user || !provider) throw new AppError('session_expired', 400)
    return { proof, user, provider }
  }

  const showLink = async (ctx: AppContext, interaction: Interaction): Promise<void> => {
    const ticket = one(ctx.query['ticket'])
    const { user, provider } = await findProof(ctx, interaction, ticket)
    await tools.showLink(ctx, interaction, {
      ticket,
      provider,
      email: user.email ?? '',
      errors: {},
    })
  }

  const submitLink: Step = async (ctx, interaction, { ticket = '', password = '' }) => {
    ctx.set(await parts.limit(ctx.state.address))
    const { proof, user, provider } = await findProof(ctx, interaction, ticket)
    const email = user.email ?? ''
    const again = async (errors: LinkProps['errors']): Promise<void> => {
      await tools.showLink(ctx, interaction, { ticket, provider, email, errors })
      ctx.status = 422
    }
    if (!password) return again({ password: 'errors.password_required' })
    const { address } = ctx.state
    const proved = await parts.authenticate({ identifier: email, password, address })
    if (proved?.id !== proof.userId) {
      const details = { identifier: email, provider: provider.id }
      tools.record(ctx, interaction, { type: 'login.failed', details })
      return again({ form: 'errors.wrong_credentials' })
    }
    if (!(await parts.notes.take(ticket, parts.browser.recognise(ctx))))
      throw new AppError('session_expired', 400)
    await linkIdentity(parts.identities, proved, proof.seen)
    tools.record(ctx, interaction, {
      type: 'identity.linked',
      actor: proved.id,
      target: `user:${proved.id}`,
      details: { provider: provider.id },
    })
    return tools.enter(ctx, interaction, {
      user: proved,
      amr: ['fed', 'pwd'],
      provider: provider.id,
    })
  }

  return {
    async ask(ctx, { uid }, { seen, provider, userId }) {
      const proof: Proof = { uid, userId, providerId: provider.id, seen }
      const ticket = await parts.notes.write(proof, parts.browser.recognise(ctx))
      ctx.redirect(`${ctx.path.replace(/federated$/, 'link')}?ticket=${ticket}`)
      ctx.status = 303
    },
    addTo(router) {
      router.get('/link', tools.show(showLink))
      router.post('/link', tools.submit(submitLink))
    },
  }
}

const one = (value: string | string[] | undefined): string =>
  typeof value === 'string' ? value : ''
