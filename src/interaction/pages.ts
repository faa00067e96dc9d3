import type { Client as EngineClient, Provider } from 'oidc-provider'
import type { Provider as Upstream, Providers } from '#federation/registry.ts'
import { showProvider } from '#federation/shown.ts'
import type { Csrf } from '#http/csrf.ts'
import type { MailSignInMode } from '#factors/mail-sign-in.ts'
import type { Passkeys } from '#factors/passkeys.ts'
import { AppError } from '#lib/app-error.ts'
import type { ResourceStore } from '#storage/resources.ts'
import type { User, UserStore } from '#storage/users.ts'
import type { Account, Party } from '#view/page-parts.ts'
import type { PageName, PageProps } from '#view/pages.ts'
import type { Locale } from '#view/translate.ts'
import { asksOffline, describeConsent, isFirstAsk } from './consent.ts'
import type { Interaction } from './interaction.ts'
import { emptyLogin, type LoginRetry } from './login.ts'
import { passkeyPurpose } from './passkey.ts'
import { emptyRegistration, type RegisterRetry } from './register.ts'

/** What the pages of the steps show. A page about a person is undefined when no one is signed in any more. */
export interface StepPagesParts {
  /** The engine in service; asked for at each request, since a key rotation replaces it. */
  provider: () => Provider
  users: UserStore
  resources: ResourceStore
  csrf: Csrf
  basePath: string
  registrationOpen: boolean
  passwordMinLength: number
  providers: Providers
  partyOf(client: EngineClient, redirectUri: unknown): Party
  passkeys: Passkeys
  mailMode: MailSignInMode
}

export type LinkProps = { ticket: string; provider: Upstream } & Pick<
  PageProps['link-account'],
  'email' | 'errors'
>

type Props<P extends PageName> = Promise<Omit<PageProps[P], 'languageHrefs'>>
type MaybeProps<P extends PageName> = Promise<Omit<PageProps[P], 'languageHrefs'> | undefined>

/** To whom the mail went, and what was wrong with the code. */
export type VerifyRetry = Pick<PageProps['confirm-email'], 'email' | 'errors' | 'sentAgain'>

/** Who reads the page: in which language, with which browser. */
export interface Reader {
  locale: Locale
  agent: string
}

export interface StepPages {
  /** What every page of the interaction has. */
  frame(interaction: Interaction): Promise<Frame>
  describe(user: User): Account
  login(interaction: Interaction, reader: Reader, retry?: LoginRetry): Props<'login'>
  register(interaction: Interaction, reader: Reader, retry?: RegisterRetry): Props<'register'>
  verifyEmail(interaction: Interaction, retry: VerifyRetry): Props<'confirm-email'>
  selectAccount(interaction: Interaction): MaybeProps<'select-account'>
  consent(interaction: Interaction, locale: Locale): MaybeProps<'consent'>
  link(interaction: Interaction, locale: Locale, props: LinkProps): Props<'link-account'>
  /** What a person calls the provider. */
  nameOf(provider: Upstream, locale: Locale): string
}

export interface Frame {
  /** The address of the interaction, without a step. */
  at: string
  form: { cancelAction: string; csrf: string }
  client: Party
}

export function createStepPages(parts: StepPagesParts): StepPages {
  const frame: StepPages['frame'] = async ({ uid, params }) => {
    const client = await parts.provider().Client.find(String(params['client_id']))
    if (!client) throw new AppError('session_expired')
    const at = `${parts.basePath}/interaction/${uid}`
    return {
      at,
      form: { cancelAction: `${at}/cancel`, csrf: parts.csrf.token(uid) },
      client: parts.partyOf(client, params['redirect_uri']),
    }
  }
  const accountOf = async ({ session }: Interaction): Promise<Account | undefined> => {
    const user = session && (await parts.users.findById(session.accountId))
    return user && describe(user)
  }

  const waysIn = (at: string, { locale, agent }: Reader) => ({
    providersAction: `${at}/federated`,
    providers: parts.providers.list(agent).map((one) => showProvider(one, locale)),
  })

  return {
    frame,
    describe,
    nameOf: (provider, locale) => showProvider(provider, locale).name,
    async login(interaction, reader, retry = emptyLogin(interaction.params['login_hint'])) {
      const { at, form, client } = await frame(interaction)
      const passkey = {
        action: `${at}/passkey`,
        options: JSON.stringify(await parts.passkeys.requestOptions(passkeyPurpose(interaction))),
      }
      return {
        ...form,
        ...waysIn(at, reader),
        action: `${at}/login`,
        client,
        ...retry,
        ...(parts.registrationOpen && { registerHref: `${at}/register` }),
        ...(parts.mailMode !== 'off' && { mailHref: `${at}/mail` }),
        forgotHref: `${parts.basePath}/forgot-password`,
        passkey,
      }
    },
    async register(
      interaction,
      reader,
      retry = emptyRegistration(interaction.params['login_hint']),
    ) {
      const { at, form, client } = await frame(interaction)
      const minLength = parts.passwordMinLength
      return {
        ...form,
        ...waysIn(at, reader),
        action: `${at}/register`,
        client,
        ...retry,
        loginHref: `${at}/login`,
        minLength,
      }
    },
    async verifyEmail(interaction, retry) {
      const { at, form, client } = await frame(interaction)
      return { ...form, action: `${at}/verify`, client, ...retry, loginHref: `${at}/login` }
    },
    async selectAccount(interaction) {
      const account = await accountOf(interaction)
      if (!account) return undefined
      const { at, form, client } = await frame(interaction)
      return { ...form, action: `${at}/continue`, client, account, otherHref: `${at}/login` }
    },
    async link(interaction, locale, { provider, ...props }) {
      const { at, form, client } = await frame(interaction)
      return {
        ...form,
        ...props,
        action: `${at}/link`,
        mayRegister: parts.registrationOpen,
        client,
        provider: showProvider(provider, locale).name,
        mark: showProvider(provider, locale).icon,
        loginHref: `${at}/login`,
        forgotHref: `${parts.basePath}/forgot-password`,
      }
    },
    async consent(interaction, locale) {
      const account = await accountOf(interaction)
      if (!account) return undefined
      const { at, form, client } = await frame(interaction)
      return {
        ...form,
        action: `${at}/consent`,
        client,
        account,
        switchHref: `${at}/login`,
        groups: await describeConsent(interaction, locale, parts.resources),
        offline: asksOffline(interaction),
        newOnly: !isFirstAsk(interaction),
      }
    },
  }
}

function describe(user: User): Account {
  const identifier = user.email ?? user.username ?? user.id
  return { name: user.nickname ?? user.username ?? identifier, identifier }
}
