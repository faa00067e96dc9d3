/** What each page needs to be shown. Plain data: every string is untrusted and is escaped by the template. */
import type { Account, Common, Form, Party, Permissions } from './page-parts.ts'
import type { SignedInPageProps } from './signed-in-pages.ts'
import type { PasskeyForm, StrongSignInPageProps } from './strong-sign-in-pages.ts'
import type { Locale, Message } from './translate.ts'

/** A page around a form that the engine made (device flow, logout): its id and its HTML, which is trusted. */
type EngineForm = Common & { formId: string; formHtml: string }

/** Another provider that someone can sign in with; `icon` is a file of `views/icons`. */
type WayIn = { id: string; name: string; icon: string }

/** The buttons of other providers; each posts `provider` and `csrf` to the action. None, no buttons. */
type WaysIn = { providers?: WayIn[] | undefined; providersAction?: string | undefined }

export type PageProps = PublicPageProps & StrongSignInPageProps & SignedInPageProps

type PublicPageProps = {
  /** Fields `identifier`, `password`. */
  login: Form &
    WaysIn & {
      values: { identifier: string }
      errors: {
        identifier?: Message | undefined
        password?: Message | undefined
        form?: Message | undefined
      }
      registerHref?: string | undefined
      /** Beside the password: what to do when it is forgotten. */
      forgotHref?: string | undefined
      passkey?: PasskeyForm | undefined
      /** To sign in by a mail. */
      mailHref?: string | undefined
      /** POST with `csrf`: back to the app, with `access_denied`. */
      cancelAction?: string | undefined
    }
  /** Fields `email`, `password`, `username`, `nickname`; the last two may stay empty. */
  register: Form &
    WaysIn & {
      values: { email: string; username: string; nickname: string }
      errors: {
        email?: Message | undefined
        password?: Message | undefined
        username?: Message | undefined
        nickname?: Message | undefined
        form?: Message | undefined
      }
      loginHref: string
      /** Shown in the rule below the password. 8 by default. */
      minLength?: number | undefined
    }
  /** Field `email`. `sent` says the same to everyone, whether the address is known or not. */
  'forgot-password': Form & {
    values: { email: string }
    errors: { email?: Message | undefined; form?: Message | undefined }
    state: 'ask' | 'sent'
    /** This page without a state: to try another address. */
    againHref: string
  }
  /** Fields `token`, hidden, and `password`. */
  'reset-password': Form & {
    token: string
    errors: { password?: Message | undefined; form?: Message | undefined }
    /** `invalid`: the token has been used, is too old or is missing. */
    state: 'ask' | 'done' | 'invalid'
    /** Shown in the rule below the password. 8 by default. */
    minLength?: number | undefined
    /** Where a new link is to be had. */
    forgotHref: string
    /** After it is done: where to sign in. The start page when there is none. */
    homeHref?: string | undefined
  }
  /**
   * `confirm`: field `token`, hidden, and one button; a mail scanner that follows links must not spend the token.
   * `code` and `sent`: fields `email` and `code`; the button `send` asks for a new mail instead. `invalid`: a link that
   * does not work; field `email` and that button.
   */
  'verify-email': Form & {
    token: string
    values: { email: string }
    errors: { email?: Message | undefined; code?: Message | undefined; form?: Message | undefined }
    state: 'confirm' | 'done' | 'disowned' | 'invalid' | 'code' | 'sent'
    /** With `confirm`, in a browser that did not register the account; the button `not_me` takes the address off it. */
    registered?: { email: string; createdAt: string } | undefined
    homeHref?: string | undefined
  }
  /** On the way in, the address must be confirmed. Field `code`; the button `send` asks for a new one. */
  'confirm-email': Form & {
    /** Where the mail went. */
    email: string
    errors: { code?: Message | undefined; form?: Message | undefined }
    /** Whether it was asked for once more. */
    sentAgain?: boolean | undefined
    /** To use another account or address. */
    loginHref: string
    /** POST with `csrf`: back to the app, with `access_denied`. */
    cancelAction?: string | undefined
  }
  /** Fields `ticket`, hidden, and `password`: an account with the e-mail of another provider's is there already. */
  'link-account': Form & {
    ticket: string
    provider: string
    /** A file of `views/icons`. */
    mark: string
    email: string
    /** Whether there can be a new account. */
    mayRegister: boolean
    errors: { password?: Message | undefined; form?: Message | undefined }
    /** To sign in in another way. */
    loginHref: string
    forgotHref: string
    cancelAction?: string | undefined
  }
  consent: Form & {
    client: Party
    account: Account
    /** POST with `csrf`. */
    cancelAction: string
    /** To sign in as someone else. */
    switchHref: string
    /** Empty groups are left out. */
    groups: Permissions
    /** Whether the app keeps its access while the person is away. */
    offline: boolean
    /** Whether it asks for more than was allowed before; `groups` is then only what is new. */
    newOnly: boolean
  }
  'select-account': Form & {
    account: Account
    otherHref: string
    cancelAction?: string | undefined
  }
  /** Buttons `logout=yes` and one without a name. */
  logout: EngineForm & { account?: Account | undefined }
  'logout-done': Common & { homeHref?: string | undefined }
  /** Field `user_code`. */
  'device-code': EngineForm & { error?: Message | undefined; userCode?: string | undefined }
  /** Buttons: one without a name to go on, `abort=yes` to cancel. */
  'device-confirm': EngineForm & {
    client: Party
    userCode: string
    /** Where the device asked from, and as what. */
    address?: string | undefined
    agent?: string | undefined
  }
  'device-done': Common & { client: Party }
  /** After someone has asked to erase their account: until when (ISO 8601) they can still save it. */
  'account-erased': Common & { until: string }
  error: Common & {
    heading: Message
    message: Message
    /** Stable identifier of the error, for developers. */
    code?: string | undefined
    traceId: string
    /** The way on; the start page when there is none. */
    backHref?: string | undefined
  }
  /** With `demoHref` the demo app is offered; the facts are shown in development only. */
  home: Common & {
    issuer: string
    demoHref?: string | undefined
    discoveryHref: string
    version: string
  }
  /** Every mail in every language. */
  'dev-mail': Common & {
    mails: { subject: string; locale: Locale; htmlHref: string; textHref: string }[]
  }
  /** The demo app: what a stranger would build. */
  demo: Common & { signInHref: string }
  'demo-session': Common & {
    user: { name: string; sub: string; picture?: string | undefined }
    /** `raw` is the token as sent, `decoded` is JSON text. */
    sections: {
      title: string
      note: string
      raw?: string | undefined
      decoded?: string | undefined
    }[]
    /** POST with `csrf`. */
    refreshAction: string
    /** POST with `csrf`. */
    logoutHref: string
    csrf?: string | undefined
  }
}

export type PageName = keyof PageProps
