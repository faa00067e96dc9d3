import {
  errors,
  type ErrorOut,
  type Client as EngineClient,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import type { Party } from '#view/page-parts.ts'
import type { PageName, PageProps } from '#view/pages.ts'
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
    accent: client['accent_color'] as string | undefined,
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
      // The engine comes here after "Stay signed in" too; that person must not read the contrary.
      async postLogoutSuccessSource(ctx) {
        const { accountId } = await ctx.oidc.provider.Session.get(ctx)
        if (accountId === undefined) show(ctx, 'logout-done', { homeHref, ...clientOf(ctx) })
        else ctx.redirect(homeHref)
      },
    },
    deviceFlow: {
      enabled: true,
      userCodeInputSource(ctx, form, out, error) {
        const problem = error && codeProblems[error.name]
        if (error && !problem) return showDeviceFailure(show, ctx, { out, error })
        if (problem) ctx.status = 400
        return show(ctx, 'device-code', {
          formId: deviceInputForm,
          formHtml: form,
          error: problem,
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
    show(ctx, 'error', {
      heading: headingOf(name),
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

/** What may be wrong with a user code, by the names of the engine's own errors; it exports no classes for them. */
const codeProblems: Record<string, MessageKey> = {
  AbortedError: 'errors.device_cancelled',
  NoCodeError: 'errors.code_required',
  ExpiredError: 'errors.code_expired',
  AlreadyUsedError: 'errors.code_used',
  NotFoundError: 'errors.code_wrong',
}

/** What is not about the code that was typed: a form that belongs to another session, or a failure of ours. */
function showDeviceFailure(
  show: ShowPage,
  ctx: KoaContextWithOIDC,
  { out, error }: { out: ErrorOut | undefined; error: Error },
): void {
  // The engine has put a new form's token into a session that was never saved, and would fail on renewing it.
  if (ctx.oidc.session?.exp === undefined) Object.assign(ctx.oidc.session!, { touched: false })
  const problem = problemName(ctx, error)
  const name = problem === 'app_request' ? 'csrf' : problem
  show(ctx, 'error', {
    heading: headingOf(name),
    message: `errors.${name}`,
    code: [out?.error, out?.error_description].filter(Boolean).join(': '),
    traceId: String(ctx.state['traceId']),
    backHref: new URL(ctx.oidc.urlFor('code_verification')).pathname,
  })
}

function problemName(ctx: KoaContextWithOIDC, error: Error) {
  if (ctx.status >= 500) return 'server_error'
  if (error instanceof errors.SessionNotFound) return 'session_expired'
  if (error instanceof errors.InvalidClient) return 'unknown_client'
  if (error instanceof errors.InvalidRedirectUri) return 'invalid_redirect'
  return 'app_request'
}

/** The app is to blame for what has no heading of its own. */
const headingOf = (name: ReturnType<typeof problemName> | 'csrf') =>
  name === 'session_expired' || name === 'server_error' || name === 'csrf'
    ? (`errorHeadings.${name}` as const)
    : 'errorHeadings.app_request'
