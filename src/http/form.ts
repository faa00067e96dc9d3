import { bodyParser } from '@koa/bodyparser'
import { AppError } from '#lib/app-error.ts'
import type { AppContext, Middleware } from './context.ts'

/** Parses a form of at most 56 KB. A larger one is 413, another type 415, a broken one 400. */
export function parseForm(): Middleware {
  const parse = bodyParser({
    enableTypes: ['form'],
    formLimit: '56kb',
    onError(cause) {
      const tooLarge = 'status' in cause && cause.status === 413
      throw new AppError(tooLarge ? 'too_large' : 'invalid_request', { cause })
    },
  })
  return (ctx, next) => {
    if (!ctx.is('urlencoded')) throw new AppError('invalid_request', { status: 415 })
    return parse(ctx, next)
  }
}

/**
 * The fields of a parsed form, each a text without NUL bytes (which PostgreSQL cannot store); a repeated field is refused.
 * Names are taken as they are: the parser's own result makes objects of the dots and brackets in them.
 */
export function formFields(ctx: AppContext): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(ctx.request.rawBody)) {
    if (Object.hasOwn(fields, name) || value.includes('\0')) throw new AppError('invalid_request')
    fields[name] = value
  }
  return fields
}
