import { z } from 'zod'
import { text } from '#http/api.ts'
import type { Role } from '#storage/roles.ts'
import { iso } from './pages.ts'

export const roleBody = z.strictObject({
  description: text(500).nullable().optional(),
  permissions: z
    .record(text(512), z.array(text(128)).max(200))
    .optional()
    .describe('By resource identifier: the scopes that users with the role may be granted.'),
})

export const newRole = roleBody.extend({ name: z.string().regex(/^[a-z0-9_.:-]{1,64}$/) })

export const roleSchema = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    permissions: z.record(z.string(), z.array(z.string())),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Role' })

export type WireRole = z.infer<typeof roleSchema>

export const rolesSchema = z.object({ roles: z.array(roleSchema) })

export const presentRole = (role: Role): z.infer<typeof roleSchema> => ({
  name: role.name,
  description: role.description ?? null,
  permissions: role.permissions,
  created_at: iso(role.createdAt),
  updated_at: iso(role.updatedAt),
})
