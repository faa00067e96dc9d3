import { literal, signInScope, type CodeFor } from './code-for.ts'
import { portOf } from './code-node.ts'

/** The names with which both programs begin, and `ask_for_tokens`. */
const beginning = ({ issuer, clientId, method, secret }: CodeFor, modules: string): string => {
  const authorize =
    method === 'none' || method === 'client_secret_post'
      ? `    fields["client_id"] = CLIENT_ID
${method === 'none' ? '' : '    fields["client_secret"] = CLIENT_SECRET\n'}    headers = {}`
      : `    pair = urllib.parse.quote(CLIENT_ID, safe="") + ":" + CLIENT_SECRET
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}`
  return `# Python 3.9 or newer; nothing to install
import ${modules}

ISSUER = ${literal(issuer)}
CLIENT_ID = ${literal(clientId)}
${method === 'none' ? '' : `CLIENT_SECRET = ${secret === undefined ? 'os.environ["CLIENT_SECRET"]' : literal(secret)}\n`}

def ask_for_tokens(fields):
${authorize}
    body = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(ISSUER + "/oauth/token", body, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)
`
}

export function pythonMachineCode(facts: CodeFor): string {
  const { resource, scope } = facts
  const fields = { grant_type: 'client_credentials', resource, scope }
  return `${beginning(facts, 'base64, json, os, urllib.parse, urllib.request')}

print(ask_for_tokens(${literal(fields)}))
`
}

/** A whole server: it sends anyone who opens it to sign in, and shows who came back. */
export const pythonCode = (
  facts: CodeFor,
): string => `${beginning(facts, 'base64, hashlib, http.server, json, os, secrets, urllib.parse, urllib.request')}

REDIRECT_URI = ${literal(facts.redirectUri)}
PORT = ${portOf(facts.redirectUri)}
# The browser keeps the state, this server the verifier. A real application keeps both in its session.
verifiers = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == urllib.parse.urlsplit(REDIRECT_URI).path and "state" in query:
            self.come_back(query)
        elif url.path == "/":
            self.sign_in()
        else:
            self.send_error(404)

    def sign_in(self):
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        verifiers[state] = verifier
        digest = hashlib.sha256(verifier.encode()).digest()
        query = urllib.parse.urlencode({
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": ${literal(signInScope)},
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        })
        self.send_response(303)
        self.send_header("Location", ISSUER + "/oauth/authorize?" + query)
        self.send_header("Set-Cookie", "state=" + state + "; HttpOnly; SameSite=Lax; Path=/")
        self.end_headers()

    def come_back(self, query):
        is_ours = "state=" + query["state"] in (self.headers["Cookie"] or "").split("; ")
        if not is_ours or query.get("iss") != ISSUER or "code" not in query:
            return self.send_error(400, "this is not the answer to our question")
        verifier = verifiers.pop(query["state"], "")
        tokens = ask_for_tokens({
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        })
        # It came straight from the token endpoint, so its signature need not be checked (OpenID Connect Core, 3.1.3.7).
        payload = tokens["id_token"].split(".")[1]
        claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(claims)


print("Open http://localhost:" + str(PORT) + "/", flush=True)
http.server.ThreadingHTTPServer(("localhost", PORT), Handler).serve_forever()
`
