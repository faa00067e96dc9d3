import { isoOrNull } from '#wire/pages.ts'
import type { WireAdminSession, WireSession } from '#wire/sessions.ts'
import { isCurrent, type CurrentSignIn, type SignedIn } from './sessions.ts'

export const presentAdminSession = (one: SignedIn): WireAdminSession => ({
  id: one.id,
  kind: one.kind,
  client_id: one.clientId ?? null,
  client_name: one.clientName ?? null,
  address: one.address ?? null,
  agent: one.agent ?? null,
  last_seen_at: isoOrNull(one.lastSeenAt),
  expires_at: isoOrNull(one.expiresAt),
})

/** `current`: the session that makes the request. */
export const presentSession = (one: SignedIn, current: CurrentSignIn): WireSession => ({
  ...presentAdminSession(one),
  is_current: isCurrent(one, current),
})
