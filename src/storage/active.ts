import type { User } from './users.ts'

/** Whether the account may be used: there is one, and it is not banned. */
export const isActive = (user: User | undefined): user is User =>
  user !== undefined && user.bannedAt === undefined
