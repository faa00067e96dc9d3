import { at } from '#http/api-client.ts'
import type { Box } from '#view/signed-in-pages.ts'
import type { WireAdminUser } from '#wire/users.ts'
import { deleteBox } from './danger.ts'

/** What an administrator does to a person's sign-in, as boxes of `/console/users/:id`; `user-action-pages.ts` takes them. */
export const recoveryBox = ({ id }: WireAdminUser): Box => ({
  heading: 'console.users.passwordSection',
  text: 'console.users.resetText',
  forms: [
    { action: at`/console/users/${id}/reset-password`, fields: [], submit: 'console.users.reset' },
  ],
})

export const dangerBoxes = (user: WireAdminUser): Box[] => [
  user.is_active ? banBox(user) : unbanBox(user),
  deleteBox({
    action: at`/console/users/${user.id}/delete`,
    heading: 'console.users.delete',
    text: 'console.users.deleteText',
    name: confirmTextOf(user),
  }),
]

/** What someone types to say that they mean this user. */
export const confirmTextOf = ({ email, username, id }: WireAdminUser): string =>
  email ?? username ?? id

const banBox = ({ id }: WireAdminUser): Box => ({
  heading: 'console.users.ban',
  text: 'console.users.banText',
  isDanger: true,
  forms: [
    {
      action: at`/console/users/${id}/ban`,
      fields: [
        {
          kind: 'text',
          name: 'reason',
          label: 'console.users.reason',
          value: '',
          optional: true,
          maxlength: 500,
        },
      ],
      submit: 'console.users.ban',
    },
  ],
})

const unbanBox = ({ id }: WireAdminUser): Box => ({
  heading: 'console.users.unban',
  text: 'console.users.unbanText',
  isDanger: true,
  forms: [{ action: at`/console/users/${id}/unban`, fields: [], submit: 'console.users.unban' }],
})
