import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { backendTls } from '#lib/backend-tls.ts'

/** Kinds of settings. Messages complete the sentence "NAME …"; a `secret` is never printed and may be given as NAME_FILE. */
export const help = (text: string) => ({ help: text })
export const secret = (text: string) => ({ help: text, secret: true })

export const whole = (min: number, max: number, fallback: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,10}$/, { error })
    .default(String(fallback))
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

export const oneOf = <const T extends readonly [string, ...string[]]>(
  values: T,
  fallback: T[number],
) => z.enum(values, { error: `must be one of ${values.join(', ')}` }).default(fallback as never)

export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true')

export const url = (protocols: readonly string[]) =>
  z.string().refine((value) => protocols.some((protocol) => value.startsWith(protocol)), {
    error: `must begin with ${protocols.join(' or ')}`,
  })

/** The address of a backend, which says itself whether to use TLS. */
export const backend = (protocols: readonly string[]) =>
  url(protocols).superRefine((value, ctx) => {
    const { problem } = backendTls(value)
    if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem })
  })

/** A file of certificates that may vouch for a backend, in place of those that Node brings. */
export const caFile = () =>
  z
    .string()
    .refine(holdsCertificates, { error: 'must name a file of certificates (PEM) that can be read' })
    .optional()

function holdsCertificates(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).raw.length > 0
  } catch {
    return false
  }
}

export function list(item: z.ZodString) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item))
}

/** `name=value,name=value`, percent-encoded, as an object. */
export const pairs = () =>
  z
    .string()
    .regex(/^\s*[^=,\s]+=[^,]*(,\s*[^=,\s]+=[^,]*)*$/, {
      error: 'must be name=value pairs separated by commas',
    })
    .refine(isPercentEncoded, { error: 'must be percent-encoded' })
    .transform(
      (text) =>
        Object.fromEntries(
          text.split(',').map((pair) => {
            const [name = '', ...value] = pair.split('=')
            return [name, value.join('=')].map((part) => decodeURIComponent(part.trim()))
          }),
        ) as Record<string, string>,
    )

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
