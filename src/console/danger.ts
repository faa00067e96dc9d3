import type { Box, FieldErrors, Form } from '#view/signed-in-pages.ts'
import type { Message } from '#view/translate.ts'

/** The box of what cannot be undone, confirmed by typing `name`; `isConfirmed` reads it. */
export const deleteBox = (options: {
  action: string
  heading: Message
  text: Message
  name: string
}): Box => ({
  heading: options.heading,
  text: options.text,
  isDanger: true,
  forms: [
    {
      action: options.action,
      fields: [
        {
          kind: 'text',
          name: 'confirm',
          label: { key: 'console.confirm.label', values: { text: options.name } },
          value: '',
        },
      ],
      submit: options.heading,
      look: 'destroy',
    },
  ],
})

export const isConfirmed = (fields: Readonly<Record<string, string>>, name: string): boolean =>
  fields['confirm']?.trim() === name

export const notConfirmed: FieldErrors = { confirm: 'console.confirm.wrong' }

/** One button that opens what it means, and a second one that does it. */
export const twoSteps = (
  action: string,
  { submit, confirm, hidden }: { submit: Message; confirm: Message; hidden?: Form['hidden'] },
): Form => ({ action, fields: [], hidden, submit, confirm, look: 'quiet' })
