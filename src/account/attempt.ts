import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import type { FieldErrors } from '#view/signed-in-pages.ts'

/** Does what a form asks for; what the JSON API refuses is shown on the form, which `retry` makes. */
export async function attempt(
  work: () => Promise<PageAnswer>,
  retry: (errors: FieldErrors) => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return retry(fieldErrors(error))
  }
}
