/** Mail to people: a subject, and the same paragraphs as text and as HTML. */
import { Eta } from 'eta'
import { accentTokens } from './accent.ts'
import { readView } from './assets.ts'
import { datesIn } from './dates.ts'
import { deviceName } from './devices.ts'
import { describe, translate, type Locale, type MessageKey } from './translate.ts'

/** A paragraph; the one thing to do: a button that opens `{link}`, with its address below it; facts, a line each; or the code to type. */
type Part = MessageKey | { button: MessageKey } | { facts: MessageKey[] } | 'code'

/** What each message consists of; the sentences are in the locale files under `mail.`. */
const messages = {
  welcome: ['mail.welcome.lead', 'mail.welcome.notYou'],
  resetPassword: [
    'mail.resetPassword.lead',
    { button: 'mail.resetPassword.link' },
    'mail.resetPassword.expiry',
    'mail.resetPassword.notYou',
  ],
  verifyEmail: [
    'mail.verifyEmail.lead',
    'code',
    'mail.verifyEmail.codeExpiry',
    'mail.verifyEmail.orLink',
    { button: 'mail.verifyEmail.link' },
    'mail.verifyEmail.expiry',
    'mail.verifyEmail.notYou',
  ],
  registeredAgain: [
    'mail.registeredAgain.lead',
    'mail.registeredAgain.signIn',
    { button: 'mail.registeredAgain.link' },
    'mail.registeredAgain.notYou',
  ],
  passwordChanged: [
    'mail.passwordChanged.lead',
    'mail.passwordChanged.notYou',
    { button: 'mail.passwordChanged.link' },
  ],
  takenOver: [
    'mail.takenOver.lead',
    'mail.takenOver.removed',
    'mail.takenOver.next',
    { button: 'mail.takenOver.link' },
  ],
  signInCode: ['mail.signIn.lead', 'code', 'mail.signIn.expiry', 'mail.signIn.notYou'],
  signInLink: [
    'mail.signIn.lead',
    { button: 'mail.signIn.link' },
    'mail.signIn.expiry',
    'mail.signIn.notYou',
  ],
  signInBoth: [
    'mail.signIn.lead',
    'code',
    { button: 'mail.signIn.link' },
    'mail.signIn.expiry',
    'mail.signIn.notYou',
  ],
  factorAdded: [
    'mail.factorAdded.lead',
    'mail.factorAdded.notYou',
    { button: 'mail.factorAdded.link' },
  ],
  factorRemoved: [
    'mail.factorRemoved.lead',
    'mail.factorRemoved.notYou',
    { button: 'mail.factorRemoved.link' },
  ],
  changeEmail: [
    'mail.changeEmail.lead',
    'code',
    'mail.changeEmail.codeExpiry',
    'mail.changeEmail.notYou',
  ],
  emailTaken: [
    'mail.emailTaken.lead',
    'mail.emailTaken.signIn',
    { button: 'mail.emailTaken.link' },
    'mail.emailTaken.notYou',
  ],
  emailChanging: [
    'mail.emailChanging.lead',
    'mail.emailChanging.notYou',
    { button: 'mail.emailChanging.link' },
  ],
  emailChanged: ['mail.emailChanged.lead', 'mail.emailChanged.notYou'],
  newDevice: [
    'mail.newDevice.lead',
    { facts: ['mail.newDevice.device', 'mail.newDevice.time', 'mail.newDevice.address'] },
    'mail.newDevice.you',
    'mail.newDevice.notYou',
    { button: 'mail.newDevice.link' },
  ],
  erasing: [
    'mail.erasing.lead',
    'mail.erasing.save',
    { button: 'mail.erasing.link' },
    'mail.erasing.notYou',
  ],
} satisfies Record<MailName, Part[]>

/** What each message needs to be written. `link` is a complete http(s) address of ours. */
export type MailValues = {
  /** `email`: the address of the new account. */
  welcome: { email: string }
  /** `link`: the page for a new password, with its token. */
  resetPassword: { link: string }
  /** `link`: the page that confirms the address, with its token; `code`: six digits that do the same. */
  verifyEmail: { link: string; code: string }
  /** To the owner of an address that someone tried to register; `link`: where to ask for a new password. */
  registeredAgain: { link: string }
  /** `link`: where to ask for a new password. */
  passwordChanged: { link: string }
  /** To the owner of an address who took an account over; `about`: what was removed; `link`: where to ask for a new password. */
  takenOver: { about: string; link: string }
  /** `code`: six digits; `link`: where the sign-in goes on. */
  signInCode: { code: string }
  signInLink: { link: string }
  signInBoth: { code: string; link: string }
  /** `factor`: what it is, in the reader's language; `link`: where to ask for a new password. */
  factorAdded: { factor: string; link: string }
  factorRemoved: { factor: string; link: string }
  /** To the new address: six digits. */
  changeEmail: { code: string }
  /** To the owner of an address that someone wants for another account; `link`: where to ask for a new password. */
  emailTaken: { link: string }
  /** To the present address; `about`: the one that is to replace it; `link`: where to ask for a new password. */
  emailChanging: { about: string; link: string }
  /** To the address that was replaced; `about`: by which. */
  emailChanged: { about: string }
  /** `agent`: the User-Agent; `at`: milliseconds since the epoch; `link`: where to ask for a new password. */
  newDevice: { agent: string; address: string; at: number; link: string }
  /** `at`: until when the account can be saved, in milliseconds since the epoch; `link`: where to sign in. */
  erasing: { at: number; link: string }
}

export type MailName = keyof MailValues

export type RenderedMail = {
  subject: string
  /** The subject without its code, for lists of mail. */
  listedAs?: string | undefined
  text: string
  html: string
}

export type RenderMail = <M extends MailName>(
  name: M,
  values: MailValues[M],
  locale: Locale,
) => RenderedMail

/**
 * `issuer` is named below every message, so that people see which server it comes from; `accent` (`#rrggbb`) colours the
 * button. Rendering throws for a link that is not http(s).
 */
export function createMailView(brandName: string, issuer: string, accent = '#0b6e4f'): RenderMail {
  const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'] })
  eta.loadTemplate('@layout', readView('mail/layout.eta'))
  const { '--accent': fill, '--on-accent': onFill } = accentTokens(accent, 'light')

  return (name, given, locale) => {
    const brand = brandName === 'Yumen' ? translate(locale, 'common.brand') : brandName
    const hasCode = messages[name].some((part: Part) => part === 'code')
    const code = hasCode && 'code' in given ? grouped(given.code) : undefined
    const device = 'agent' in given ? describe(locale, deviceName(given.agent)) : ''
    const values = { brand, ...given, ...(code && { code }), device, ...timesOf(given, locale) }
    const say = (key: MessageKey): string => translate(locale, key, values)
    const link = 'link' in given ? webLink(given.link) : undefined
    const parts = messages[name].map((part: Part) => {
      if (part === 'code') return { text: code, isCode: true }
      if (typeof part === 'object' && 'facts' in part)
        return { text: part.facts.map(say).join('\n') }
      return typeof part === 'string' ? { text: say(part) } : { text: say(part.button), link }
    })
    const subject = say(`mail.${name}.subject`)
    const footer = `${brand} · ${issuer}`
    const copyLink = say('mail.copyLink')
    const words = { locale, brand, subject, parts, copyLink, footer }
    const html = eta.render('@layout', { ...words, fill, onFill })
    const paragraphs = parts.map(({ text, link }) => (link ? `${text}\n${link}` : text))
    const listedAs = code === undefined ? undefined : say(`mail.${name as 'verifyEmail'}.listedAs`)
    return { subject, listedAs, text: [...paragraphs, footer].join('\n\n') + '\n', html }
  }
}

/** Mail programs show it anywhere in the world, so times are in UTC and say so. */
function timesOf(given: object, locale: Locale): { time: string; day: string } {
  const at = 'at' in given && typeof given.at === 'number' ? new Date(given.at).toISOString() : ''
  const { exact, date } = datesIn(locale)
  return at === '' ? { time: '', day: '' } : { time: exact(at), day: date(at) }
}

/** `482 913`: three digits are read at a glance. */
const grouped = (code: string): string => code.replace(/(?<=^\d{3})(?=\d{3}$)/, ' ')

function webLink(link: string): string {
  const { protocol, href } = new URL(link)
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new Error(`${protocol} is no address for a mail`)
  return href
}
