import { AppError } from '#lib/app-error.ts'
import { errorSentence, fieldSentence } from '#view/errors.ts'
import type { FieldErrors } from '#view/signed-in-pages.ts'
import type { PageAnswer } from './page-routes.ts'

/** Does what a form asks for; what the JSON API refuses is shown on the form, which `again` makes. */
export async function attempt(
  work: () => Promise<PageAnswer>,
  again: (errors: FieldErrors) => PageAnswer | Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError) || isBeyondForms(error)) throw error
    return again(fieldErrors(error))
  }
}

/** A person can do nothing about it by filling in the form again. */
const isBeyondForms = ({ status }: AppError): boolean =>
  status >= 500 || status === 403 || status === 404

/** `body.nickname` is the field `nickname`. What is about no field stands above the form. */
function fieldErrors({ code, problems = [] }: AppError): FieldErrors {
  // The engine judges the metadata of a client as a whole; its sentence says what is wrong with it.
  const whole = problems.find(({ path }) => path === 'body')
  if (whole) return { form: { text: whole.message } }
  const entries = problems.flatMap(({ path, message }) => {
    const field = /^(?:body|query)\.(.+)/.exec(path)?.[1]
    return field === undefined ? [] : [[field, fieldSentence(field, message)] as const]
  })
  return entries.length > 0 ? Object.fromEntries(entries) : { form: errorSentence(code) }
}
