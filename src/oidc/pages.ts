import {
  errors,
  type Client as EngineClient,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import type { PageName, PageProps, Party } from '#view/pages.ts'
import type { MessageKey } from '#view/translate.ts'

/** Shows one of our pages; supplied by `app.ts`, which knows the view and the request's language. */
export type ShowPage = <P extends PageName>(
  ctx: KoaContextWithOIDC,
  page: P,
  props: Omit<PageProps[P], 'languageHrefs'>,
) => void

/** Form ids that the engine gives to its own forms. */
const logoutForm = 'op.logoutForm'
const deviceInputForm = 'op.deviceInputForm'
const deviceConfirmForm = 'op.deviceConfirmForm'

/** A client as a person sees it. `host` is where the person is sent back to. */
export function partyOf(client: EngineClient, redirectUri?: unknown): Party {
  const address = typeof redirectUri === 'string' ? redirectUri : client.redirectUris?.[0]
  return {
    name: client.clientName ?? client.clientId,
    host: hostOf(address),
    verified: client['verified'] === true || client['first_party'] === true,
    logoUri: client.logoUri,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
  }
}

/** The host, or the scheme of an address that has none (`com.example.app:/callback`). */
function hostOf(address: string | undefined): string {
  if (address === undefined || !URL.canParse(address)) return ''
  const { host, protocol } = new URL(address)
  return host || protocol.slice(0, -1)
}

type Features = NonNullable<Configuration['features']>

/** The engine's own pages for logout and devices, as ours. */
export function pageFeatures(
  show: ShowPage,
  homeHref: string,
): Required<Pick<Features, 'rpInitiatedLogout' | 'deviceFlow'>> {
  return {
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) =>
        show(ctx, 'logout', { formId: logoutForm, formHtml: form, ...clientOf(ctx) }),
      postLogoutSuccessSource: (ctx) => show(ctx, 'logout-done', { homeHref, ...clientOf(ctx) }),
    },
    deviceFlow: {
      enabled: true,
      userCodeInputSource(ctx, form, _out, error) {
        if (error) ctx.status = 400
        show(ctx, 'device-code', {
          formId: deviceInputForm,
          formHtml: form,
          error: error && deviceProblem(error),
        })
      },
      userCodeConfirmSource: (ctx, form, client, device, userCode) =>
        show(ctx, 'device-confirm', {
          formId: deviceConfirmForm,
          formHtml: form,
          client: partyOf(client),
          userCode,
          ...deviceOf(device),
        }),
      successSource: (ctx) => show(ctx, 'device-done', { client: partyOf(ctx.oidc.client!) }),
    },
  }
}

/** What a person sees when a request to the authorize, logout or device endpoint cannot be answered. */
export const renderErrorPage =
  (show: ShowPage): Configuration['renderError'] =>
  (ctx, out, error) => {
    const name = problemName(ctx, error)
    const isOurs = name === 'session_expired' || name === 'server_error'
    show(ctx, 'error', {
      heading: `errorHeadings.${isOurs ? name : 'app_request'}`,
      message: `errors.${name}`,
      code: [out.error, out.error_description].filter(Boolean).join(': '),
      traceId: String(ctx.state['traceId']),
    })
  }

const clientOf = (ctx: KoaContextWithOIDC): { client?: Party } =>
  ctx.oidc.client ? { client: partyOf(ctx.oidc.client) } : {}

function deviceOf({ ip, ua }: Record<string, unknown>): {
  address?: string | undefined
  agent?: string | undefined
} {
  return {
    address: typeof ip === 'string' ? ip : undefined,
    agent: typeof ua === 'string' ? ua : undefined,
  }
}

/** The names of the engine's own errors on the device page; it exports no classes for them. */
function deviceProblem({ name }: Error): MessageKey {
  if (name === 'AbortedError') return 'errors.device_cancelled'
  if (name === 'NoCodeError') return 'errors.code_required'
  if (name === 'ExpiredError') return 'errors.code_expired'
  if (name === 'AlreadyUsedError') return 'errors.code_used'
  return 'errors.code_wrong'
}

function problemName(ctx: KoaContextWithOIDC, error: Error) {
  if (ctx.status >= 500) return 'server_error'
  if (error instanceof errors.SessionNotFound) return 'session_expired'
  if (error instanceof errors.InvalidClient) return 'unknown_client'
  if (error instanceof errors.InvalidRedirectUri) return 'invalid_redirect'
  return 'app_request'
}
