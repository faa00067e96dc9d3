import { fieldErrors } from '#http/field-errors.ts'
import type { PageAnswer } from '#http/page-routes.ts'
import { AppError } from '#lib/app-error.ts'
import { errorSentence } from '#view/errors.ts'
import type { FieldErrors } from '#view/signed-in-pages.ts'

/** Does what a form asks for; what the API finds wrong with it goes back to the form, which `again` shows. */
export async function attempt(
  work: () => Promise<PageAnswer>,
  again: (errors: FieldErrors) => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError) || error.status === 404) throw error
    return again(errorsOf(error))
  }
}

function errorsOf(error: AppError): FieldErrors {
  const { code, status, problems = [] } = error
  // The engine judges the metadata of a client as a whole; its sentence says what is wrong with it.
  const whole = problems.find(({ path }) => path === 'body')
  if (whole) return { form: { text: whole.message } }
  if (status === 409 && !problems.some(({ path }) => path.startsWith('body.')))
    return { form: errorSentence(code, status) }
  return fieldErrors(error)
}
