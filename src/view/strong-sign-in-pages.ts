/** What the pages of second factors, passkeys and sign-in by mail need to be shown. */
import type { Account, Common, Form } from './page-parts.ts'
import type { Message } from './translate.ts'

/** A form that a passkey answers: field `response`. It needs the script, and is hidden without it. */
export type PasskeyForm = {
  action: string
  /** Options of `navigator.credentials`, as JSON. */
  options: string
}

type SecondFactorMethod = 'passkey' | 'totp' | 'recovery'

export type StrongSignInPageProps = {
  /** Fields `method`, hidden; `code`, or `response` of a passkey; `remember`, which is `yes` or missing. */
  'second-factor': Form & {
    account: Account
    /** To sign in as someone else. */
    switchHref: string
    method: SecondFactorMethod
    /** The same page for the other methods that the person has. */
    otherHrefs: Partial<Record<SecondFactorMethod, string>>
    /** For the method `passkey`: options of `navigator.credentials.get`, as JSON. */
    passkey?: string | undefined
    errors: { code?: Message | undefined; form?: Message | undefined }
    /** Whether the browser may be spared the next time. */
    canRemember: boolean
    cancelAction?: string | undefined
  }
  /** Fields `setup`, hidden, and `code`. */
  'enrol-factor': Form & {
    account: Account
    switchHref: string
    /** SVG of ours, which goes into the page as it is. */
    qr: string
    /** The seed in base 32, for typing. */
    secret: string
    setup: string
    errors: { code?: Message | undefined; form?: Message | undefined }
    cancelAction?: string | undefined
  }
  /** Fields `email` (ask), `code` (sent) or `token`, hidden (confirm). `sent` says the same to everyone. */
  'mail-sign-in': Form & {
    state: 'ask' | 'sent' | 'confirm'
    /** What the mail holds. */
    mode: 'code' | 'link' | 'both'
    values: { email: string }
    errors: {
      email?: Message | undefined
      code?: Message | undefined
      form?: Message | undefined
    }
    token: string
    /** This page without a state: to try another address. */
    againHref: string
    loginHref: string
    cancelAction?: string | undefined
  }
  'recovery-codes': Common & { codes: string[]; continueHref: string }
}
