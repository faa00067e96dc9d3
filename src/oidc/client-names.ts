import { extraClientMetadata } from './clients.ts'

/**
 * The members of client metadata that mean something here: RFC 7591 §2, OpenID Connect Registration §2 and Back-Channel
 * Logout §2.2, RFC 9101 §10.5, RFC 9126 §6, RFC 9449 §5.2, and ours. The engine ignores all others, so one that was
 * misspelt would silently have no effect.
 */
const standard = [
  'application_type',
  'backchannel_logout_session_required',
  'backchannel_logout_uri',
  'client_id',
  'client_id_issued_at',
  'client_name',
  'client_secret',
  'client_secret_expires_at',
  'client_uri',
  'contacts',
  'default_acr_values',
  'default_max_age',
  'dpop_bound_access_tokens',
  'grant_types',
  'id_token_signed_response_alg',
  'initiate_login_uri',
  'introspection_signed_response_alg',
  'jwks',
  'jwks_uri',
  'logo_uri',
  'policy_uri',
  'post_logout_redirect_uris',
  'redirect_uris',
  'request_object_signing_alg',
  'require_auth_time',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'response_modes',
  'response_types',
  'scope',
  'sector_identifier_uri',
  'software_id',
  'software_version',
  'subject_type',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'tos_uri',
  'userinfo_signed_response_alg',
]

const known = new Set([...standard, ...extraClientMetadata.properties])

/** The members of this metadata that mean nothing here. A language tag (`client_name#zh-CN`) is allowed. */
export const unknownMetadata = (metadata: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(metadata).filter((name) => !known.has(name.split('#')[0]!))
