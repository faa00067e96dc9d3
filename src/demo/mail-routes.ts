import { Router } from '@koa/router'
import type { RequestState } from '#http/context.ts'
import type { ShowPage } from '#http/pages.ts'
import type { MailName, RenderMail } from '#view/mail.ts'
import { isLocale, locales } from '#view/translate.ts'
import { mailSamples } from './mail-samples.ts'

/** `/dev/mail`, in development only: every mail in every language, as HTML and as text, with made-up values. Sends nothing. */
export interface MailPreviewParts {
  issuer: string
  basePath: string
  render: RenderMail
  showPage: ShowPage
}

const policy = "default-src 'none';style-src 'unsafe-inline';base-uri 'none';frame-ancestors 'none'"

export function mailPreviewRoutes(parts: MailPreviewParts): Router<RequestState> {
  const router = new Router<RequestState>({ prefix: '/dev/mail' })
  const samples = mailSamples(parts.issuer)
  const names = Object.keys(samples) as MailName[]

  router.get('/', (ctx) => {
    const at = `${parts.basePath}/dev/mail`
    const mails = names.flatMap((name) =>
      locales.map((locale) => ({
        name,
        locale,
        subject: parts.render(name, samples[name], locale).subject,
        htmlHref: `${at}/${name}/${locale}.html`,
        textHref: `${at}/${name}/${locale}.txt`,
      })),
    )
    parts.showPage(ctx, 'dev-mail', { mails })
  })
  router.get('/:name/:file', (ctx) => {
    const { name, file } = ctx['params'] as { name: string; file: string }
    const [, locale, kind] = /^(.+)\.(html|txt)$/.exec(file) ?? []
    const found = names.find((one) => one === name)
    if (!found || !isLocale(locale)) return
    const mail = parts.render(found, samples[found], locale)
    // A mail brings its styles along, as mail programs want it; nothing else may load or run.
    ctx.set('Content-Security-Policy', policy)
    ctx.type = kind === 'html' ? 'html' : 'text/plain'
    ctx.body = kind === 'html' ? mail.html : `${mail.subject}\n\n${mail.text}`
  })
  return router
}
