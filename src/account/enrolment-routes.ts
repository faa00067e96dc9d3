import { z } from 'zod'
import type { Enrolled } from '#factors/factors.ts'
import { route, text, type ApiRoute } from '#http/api.ts'
import { unauthenticated } from '#lib/app-error.ts'
import { totpSetupSchema, enrolledSchema, passkeyOptionsSchema } from '#wire/factors.ts'
import { present, proof, provenOwner, type FactorRouteParts } from './factor-routes.ts'
import { personOf, write } from './owner.ts'
import { proofProblems } from './proof.ts'

/** `/users/me/factors/totp…` and `/users/me/factors/passkeys…`: new factors, each begun and then confirmed. */
export const enrolmentRoutes = (parts: FactorRouteParts): ApiRoute[] => [
  ...totpRoutes(parts),
  ...passkeyRoutes(parts),
]

const tag = 'users'
const name = text(64)

function totpRoutes(parts: FactorRouteParts): ApiRoute[] {
  return [
    route({
      tag,
      method: 'post',
      path: '/users/me/factors/totp',
      access: write,
      isLimited: true,
      summary: 'Start adding an authenticator app. Nothing changes until a code is confirmed.',
      body: proof.extend({
        setup_token: text(2048)
          .optional()
          .describe('Token of a setup that was started, to show it again.'),
      }),
      answer: {
        status: 200,
        description: 'The secret as text, as a URI and as a QR code (SVG); valid for 15 minutes.',
        schema: totpSetupSchema,
      },
      problems: proofProblems,
      async handle(call) {
        const user = await provenOwner(parts, call)
        const { setup_token: begun } = call.body
        const { secret, uri, qr, setup } = await parts.factors.beginTotp(user, begun)
        return { secret, uri, qr_svg: qr, setup_token: setup }
      },
    }),
    route({
      tag,
      method: 'post',
      path: '/users/me/factors/totp/confirm',
      access: write,
      isLimited: true,
      summary: 'Confirm the authenticator app. It replaces an earlier one.',
      body: z.object({ setup_token: text(2048), code: text(16), name: name.optional() }),
      answer: { status: 201, description: 'The factor.', schema: enrolledSchema },
      problems: ['invalid_token', [401, 'invalid_code']],
      async handle(call) {
        const { setup_token: setup, code, name } = call.body
        const user = await personOf(parts.users, call.caller)
        const enrolled = await parts.factors.confirmTotp(user, { setup, code, name })
        if (enrolled === 'wrong') throw unauthenticated('invalid_code')
        return added(parts, call, enrolled)
      },
    }),
  ]
}

function passkeyRoutes(parts: FactorRouteParts): ApiRoute[] {
  return [
    route({
      tag,
      method: 'post',
      path: '/users/me/factors/passkeys/options',
      access: write,
      isLimited: true,
      summary: 'Get options for navigator.credentials.create.',
      body: proof,
      answer: {
        status: 200,
        description: 'PublicKeyCredentialCreationOptionsJSON (WebAuthn level 3).',
        schema: passkeyOptionsSchema,
      },
      problems: proofProblems,
      handle: async (call) => ({
        ...(await parts.factors.beginPasskey(await provenOwner(parts, call))),
      }),
    }),
    route({
      tag,
      method: 'post',
      path: '/users/me/factors/passkeys',
      access: write,
      isLimited: true,
      summary: 'Add a passkey.',
      body: z.object({
        response: z.looseObject({ id: text(2048) }).describe('The result of create(), as JSON.'),
        name: name.optional(),
      }),
      answer: { status: 201, description: 'The factor.', schema: enrolledSchema },
      problems: ['invalid_passkey', 'already_exists'],
      async handle(call) {
        const { response, name = '' } = call.body
        const user = await personOf(parts.users, call.caller)
        return added(parts, call, await parts.factors.addPasskey(user, { response, name }))
      },
    }),
  ]
}

function added(
  { audit }: FactorRouteParts,
  call: Parameters<FactorRouteParts['audit']>[1],
  { factor, recoveryCodes }: Enrolled,
) {
  const details = { kind: factor.kind }
  audit({ type: 'factor.added', target: `factor:${factor.id}`, details }, call)
  return { factor: present(factor), recovery_codes: recoveryCodes ?? null }
}
