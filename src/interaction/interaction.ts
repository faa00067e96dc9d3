import type { Provider } from 'oidc-provider'

/** One authorization on its way, as the engine keeps it between two requests of the browser. */
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

/** What a step has found out, for the engine. */
export type StepResult = Parameters<Provider['interactionResult']>[2]
