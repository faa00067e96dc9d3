import type { AppError } from '#lib/app-error.ts'
import { errorSentence, fieldSentence } from '#view/errors.ts'
import type { FieldErrors } from '#view/signed-in-pages.ts'

/**
 * What the JSON API found wrong, beside the fields of a form that have its names: `body.nickname` is the field
 * `nickname`. What is about no field stands above the form. Rethrows what a person can do nothing about.
 */
export function fieldErrors(error: AppError): FieldErrors {
  if (error.status >= 500 || error.status === 403) throw error
  if (!error.problems) return { form: errorSentence(error.code, error.status) }
  return Object.fromEntries(
    error.problems.map(({ path, message }) => {
      const field = path.replace(/^body\./, '')
      return [field, fieldSentence(field, message)]
    }),
  )
}
