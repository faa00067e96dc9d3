import type { Box } from '#view/signed-in-pages.ts'
import type { WireClient } from '#wire/clients.ts'
import { deviceGrant, kindOf, type ClientKind } from './client-kinds.ts'
import { browserCode } from './code-browser.ts'
import type { CodeFor } from './code-for.ts'
import { curlCode, curlDeviceCode, curlMachineCode } from './code-curl.ts'
import { miniProgramCode } from './code-mini-program.ts'
import { nodeCode, nodeMachineCode } from './code-node.ts'
import { pythonCode, pythonMachineCode } from './code-python.ts'

/** A box for each program that a client of this kind is written in. */
export function codeBoxes(
  client: WireClient,
  { issuer, secret }: { issuer: string; secret?: string | undefined },
): Box[] {
  const first = (name: string): string | undefined => ([client[name]].flat() as string[])[0]
  const facts: CodeFor = {
    issuer,
    clientId: client.client_id,
    method: client.token_endpoint_auth_method ?? 'client_secret_basic',
    secret,
    redirectUri: first('redirect_uris') ?? '',
    postLogoutUri: first('post_logout_redirect_uris'),
    resource: client.default_resource ?? undefined,
    scope: first('scope'),
  }
  if (!knownMethods.includes(facts.method)) return []
  const hasDevice = client.grant_types?.includes(deviceGrant) ?? false
  return [
    ...codes[kindOf(client)]
      .filter(() => facts.redirectUri !== '' || kindOf(client) === 'machine')
      .map(([name, write]) => boxOf(name, write(facts))),
    ...(hasDevice ? [boxOf('device', curlDeviceCode(facts))] : []),
  ]
}

/** How the code can prove who it is; a key of the client's own it does not have. */
const knownMethods = ['client_secret_basic', 'client_secret_post', 'none']

type CodeName =
  'node' | 'python' | 'curl' | 'browser' | 'miniProgram' | 'device' | 'nodeMachine' | 'machine'

const codes: Record<ClientKind, [CodeName, (facts: CodeFor) => string][]> = {
  web: [
    ['node', nodeCode],
    ['python', pythonCode],
    ['curl', curlCode],
  ],
  spa: [
    ['browser', browserCode],
    ['curl', curlCode],
  ],
  native: [
    ['curl', curlCode],
    ['miniProgram', miniProgramCode],
  ],
  machine: [
    ['machine', curlMachineCode],
    ['nodeMachine', nodeMachineCode],
    ['python', pythonMachineCode],
  ],
}

const files: Record<CodeName, string> = {
  node: 'server.mjs',
  nodeMachine: 'token.mjs',
  python: 'token.py',
  curl: 'sh',
  machine: 'sh',
  device: 'sh',
  browser: 'sign-in.js',
  miniProgram: 'app.js',
}

const boxOf = (name: CodeName, text: string): Box => ({
  heading: `console.code.${name}`,
  text: `console.code.${name}Text`,
  codes: [{ label: { text: files[name] }, text }],
})
