import { errorHeading, errorSentence } from '#view/errors.ts'
import type { PageName, PageProps } from '#view/pages.ts'
import type { View } from '#view/render.ts'
import { translate } from '#view/translate.ts'
import type { AppContext } from './context.ts'
import type { ErrorPage, Sentences } from './errors.ts'
import { languageHrefs } from './locale.ts'

/** Puts a page into the answer, in the language of the request. */
export type ShowPage = <P extends PageName>(
  ctx: AppContext,
  page: P,
  props: Omit<PageProps[P], 'languageHrefs'>,
) => void

export function createShowPage(view: View): ShowPage {
  return (ctx, page, props) => {
    ctx.type = 'html'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = view.render(
      page,
      { ...props, languageHrefs: languageHrefs(ctx) } as never,
      ctx.state.locale,
    )
  }
}

/** The words for `errors.ts`: a page, and the sentences of a problem document. */
export function createErrorWords(show: ShowPage): { page: ErrorPage; sentences: Sentences } {
  return {
    page: (ctx, { code, traceId }) =>
      show(ctx, 'error', {
        heading: errorHeading(code),
        message: errorSentence(code),
        code,
        traceId,
      }),
    sentences: {
      title: ({ code }, ctx) => translate(ctx.state.locale, errorHeading(code)),
      detail: ({ code }, ctx) => translate(ctx.state.locale, errorSentence(code)),
    },
  }
}
