import { bodyParser } from '@koa/bodyparser'
import type { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import type { AppContext } from './context.ts'

/** What comes into the JSON API: read, bounded and checked against a route's schemas. */

const parseBody = bodyParser({
  enableTypes: ['json', 'form'],
  // What is deleted may want the owner's password.
  parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  jsonLimit: '100kb',
  formLimit: '56kb',
  onError(cause) {
    const tooLarge = 'status' in cause && cause.status === 413
    throw new AppError(tooLarge ? 'too_large' : 'invalid_request', { cause })
  },
})

/** The body of a request, at most 100 KB of JSON or 56 KB of a form; `{}` when there is none. Rejects with 400, 413 or 415. */
export async function readBody(
  ctx: AppContext,
  { acceptsForm }: { acceptsForm?: boolean },
): Promise<unknown> {
  const isEmpty =
    ctx.request.length === 0 || (ctx.request.length === undefined && !ctx.get('transfer-encoding'))
  if (isEmpty) return {}
  const type = ctx.is('json', 'urlencoded')
  if (!type || (type === 'urlencoded' && !acceptsForm)) throw new AppError('unsupported_media_type')
  await parseBody(ctx, async () => {})
  if (nestsDeeper(ctx.request.body, maxDepth)) throw new AppError('invalid_request')
  return ctx.request.body
}

/** Whatever walks over a body has so much stack and no more, and a database refuses JSON that is nested too deeply. */
const maxDepth = 64

const nestsDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => nestsDeeper(one, levels - 1)))

/** The value as the schema makes it; throws 422 with every problem, each at its path below `where`. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value, { error: missing })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: [where, ...path].join('.'),
    message,
  }))
  throw new AppError('validation_failed', { problems })
}

/** What zod would say of a field that is not there speaks of JavaScript. */
const missing = ({ input }: { input?: unknown }): string | undefined =>
  input === undefined ? 'is required' : undefined
