import { z } from 'zod'

/** An application that a person has let in, as they see it. */
export const connectedAppSchema = z
  .object({
    client_id: z.string(),
    client_name: z.string(),
    is_first_party: z.boolean(),
    scopes: z.array(z.string()),
    permissions: z.array(
      z.object({
        resource: z.string().nullable(),
        items: z.array(z.object({ text: z.string(), sensitive: z.boolean() })),
      }),
    ),
    since: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ConnectedApp' })

export type WireApp = z.infer<typeof connectedAppSchema>

export const connectedAppsSchema = z.object({ grants: z.array(connectedAppSchema) })
