import { z } from 'zod'
import type { RememberedDevice, RememberedDevices } from '#factors/remembered-devices.ts'
import { route, text, type ApiRoute } from '#http/api.ts'
import type { AuditAsCaller } from '#http/audit.ts'
import { AppError } from '#lib/app-error.ts'
import { devicesSchema, type WireDevice } from '#wire/factors.ts'
import { iso } from '#wire/pages.ts'
import { read, write } from './owner.ts'

/**
 * `/users/me/remembered-devices…`: the browsers in which a person is not asked for the second factor. For anyone who brings
 * a token of the person or one of their keys; forgetting needs `account:write` and is written to the audit log.
 */
export interface RememberedDeviceRouteParts {
  rememberedDevices: RememberedDevices
  audit: AuditAsCaller
}

const tag = 'users'
const id = z.object({ id: text(128) })

export function rememberedDeviceRoutes({
  rememberedDevices,
  audit,
}: RememberedDeviceRouteParts): ApiRoute[] {
  const path = '/users/me/remembered-devices'
  const done = { status: 204, description: 'No content.' }
  return [
    route({
      tag,
      method: 'get',
      path,
      access: read,
      summary: 'List remembered browsers, which skip the second factor.',
      answer: {
        status: 200,
        description: 'Most recent first.',
        schema: devicesSchema,
      },
      handle: async ({ caller }) => ({
        devices: (await rememberedDevices.list(caller.userId ?? '')).map(presentDevice),
      }),
    }),
    route({
      tag,
      method: 'delete',
      path,
      access: write,
      summary: 'Forget all remembered browsers.',
      answer: done,
      async handle(call) {
        await rememberedDevices.forgetAll(call.caller.userId ?? '')
        audit({ type: 'device.all_forgotten', target: `user:${call.caller.userId}` }, call)
      },
    }),
    route({
      tag,
      method: 'delete',
      path: `${path}/:id`,
      access: write,
      params: id,
      summary: 'Forget a remembered browser.',
      answer: done,
      async handle(call) {
        const { caller, params } = call
        if (!(await rememberedDevices.forget(caller.userId ?? '', params.id)))
          throw new AppError('not_found')
        audit({ type: 'device.forgotten', target: `device:${params.id}` }, call)
      },
    }),
  ]
}

export const presentDevice = (device: RememberedDevice): WireDevice => ({
  id: device.id,
  address: device.address,
  agent: device.agent,
  remembered_at: iso(device.rememberedAt),
  expires_at: iso(device.expiresAt),
})
