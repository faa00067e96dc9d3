import { signInScope, type CodeFor } from './code-for.ts'
import { deviceGrant } from './client-kinds.ts'

/** A word for the shell, whatever it holds. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

const field = (name: string, value: string): string =>
  `  --data-urlencode ${quoted(`${name}=${value}`)}`

/** The first line, which asks for the secret where it is not known, and what authenticates the client. */
function credentials({ clientId, method, secret }: CodeFor): { before: string[]; lines: string[] } {
  if (method === 'none') return { before: [], lines: [field('client_id', clientId)] }
  const before =
    secret === undefined
      ? [': "${CLIENT_SECRET:?set it to the secret of this client first}"']
      : [`CLIENT_SECRET=${quoted(secret)}`]
  if (method !== 'client_secret_post')
    return { before, lines: [`  -u ${quoted(`${encodeURIComponent(clientId)}:`)}"$CLIENT_SECRET"`] }
  return {
    before,
    lines: [field('client_id', clientId), '  --data-urlencode "client_secret=$CLIENT_SECRET"'],
  }
}

const call = (url: string, lines: readonly string[], command = 'curl -sS'): string =>
  [`${command} ${quoted(url)}`, ...lines].join(' \\\n')

export function curlMachineCode(facts: CodeFor): string {
  const { before, lines } = credentials(facts)
  const { resource, scope } = facts
  return [
    ...before,
    call(`${facts.issuer}/oauth/token`, [
      ...lines,
      '  -d grant_type=client_credentials',
      ...(resource === undefined ? [] : [field('resource', resource)]),
      ...(scope === undefined ? [] : [field('scope', scope)]),
    ]),
  ].join('\n')
}

/** In braces: the shell reads all of it before `read` waits for what the person pastes. */
export function curlCode(facts: CodeFor): string {
  const { before, lines } = credentials(facts)
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: facts.clientId,
    redirect_uri: facts.redirectUri,
    scope: signInScope,
    code_challenge_method: 'S256',
    code_challenge: '',
  })
  return `{
${before.map((line) => `${line}\n`).join('')}VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')
echo 'Open this address and sign in:'
echo ${quoted(`${facts.issuer}/oauth/authorize?${query.toString()}`)}"$CHALLENGE"
echo 'Then paste the address at which the browser has arrived:'
read -r BACK
CODE=$(printf %s "$BACK" | sed -n 's/.*[?&]code=\\([^&]*\\).*/\\1/p')
${call(`${facts.issuer}/oauth/token`, [
  ...lines,
  '  -d grant_type=authorization_code',
  field('redirect_uri', facts.redirectUri),
  '  -d "code=$CODE"',
  '  -d "code_verifier=$VERIFIER"',
])}
}`
}

export function curlDeviceCode(facts: CodeFor): string {
  const { before, lines } = credentials(facts)
  const ask = call(`${facts.issuer}/oauth/device`, [...lines, field('scope', signInScope)])
  const poll = call(
    `${facts.issuer}/oauth/token`,
    [...lines, field('grant_type', deviceGrant), '  -d "device_code=$DEVICE_CODE"'],
    'curl -fs',
  )
  return [
    ...before,
    `ANSWER=$(${ask})`,
    `echo "$ANSWER" | sed -n 's/.*"verification_uri_complete": *"\\([^"]*\\)".*/Open \\1 and sign in./p'`,
    `DEVICE_CODE=$(echo "$ANSWER" | sed -n 's/.*"device_code": *"\\([^"]*\\)".*/\\1/p')`,
    `for TRY in $(seq 60); do`,
    `sleep 5`,
    `${poll} && break`,
    `done`,
  ].join('\n')
}
