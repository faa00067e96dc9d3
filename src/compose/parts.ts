import type { TrustedIssuer } from '#config/issuer-entry.ts'
import type { Tracing } from '#lib/tracing.ts'
import type { Foundation } from './foundation.ts'
import type { Services } from './services.ts'

/** What the engine is made of; a command has one without a server around it. */
export interface EngineParts extends Foundation {
  services: Services
  /** Issuers whose tokens are accepted beside our own. */
  trustedIssuers?: readonly TrustedIssuer[]
}

/** What the application is made of. */
export interface AppParts extends EngineParts {
  version: string
  isDraining(): boolean
  /** Absent if requests are not traced. */
  tracing?: Tracing | undefined
}
