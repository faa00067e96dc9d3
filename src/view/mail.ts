/** Mail to people: a subject, and the same paragraphs as text and as HTML. */
import { Eta } from 'eta'
import { readView } from './assets.ts'
import { createTranslator, type Locale, type MessageKey, type Values } from './translate.ts'

/** What each message consists of; the sentences are in the locale files under `mail.`. */
const messages = {
  welcome: ['mail.welcome.lead', 'mail.welcome.notYou'],
} satisfies Record<string, MessageKey[]>

export type MailName = keyof typeof messages

export type RenderedMail = { subject: string; text: string; html: string }

export type RenderMail = (name: MailName, values: Values, locale: Locale) => RenderedMail

/** `issuer` is named below every message, so that people see which server it comes from. */
export function createMailView(brandName: string, issuer: string): RenderMail {
  const { translate } = createTranslator()
  const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'] })
  eta.loadTemplate('@layout', readView('mail/layout.eta'))

  return (name, given, locale) => {
    const brand = brandName === 'Yumen' ? translate(locale, 'common.brand') : brandName
    const values = { brand, ...given }
    const subject = translate(locale, `mail.${name}.subject`, values)
    const paragraphs = messages[name].map((key) => translate(locale, key, values))
    const footer = `${brand} · ${issuer}`
    const html = eta.render('@layout', { locale, brand, subject, paragraphs, footer })
    return { subject, text: [...paragraphs, footer].join('\n\n') + '\n', html }
  }
}
