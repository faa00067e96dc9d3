import type { Interaction } from './interaction.ts'

/** What the challenge of the login page is made for: this interaction and no other. */
export const passkeyPurpose = ({ uid }: Interaction): string => `sign-in:${uid}`
